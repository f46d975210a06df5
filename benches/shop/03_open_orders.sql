SELECT l.order_id, sum(l.price * (1 - l.discount)) AS value, o.ordered_on, o.priority
FROM customers c, orders o, order_lines l
WHERE c.segment = 'WHOLESALE'
  AND c.customer_id = o.customer_id
  AND l.order_id = o.order_id
  AND o.ordered_on < DATE '2024-03-15'
  AND l.shipped_on > DATE '2024-03-15'
GROUP BY l.order_id, o.ordered_on, o.priority
ORDER BY value DESC, o.ordered_on
LIMIT 10
