SELECT o.priority, count(*) AS late
FROM orders o
WHERE o.ordered_on >= DATE '2024-04-01'
  AND o.ordered_on < DATE '2024-04-01' + INTERVAL '3' MONTH
  AND EXISTS (
    SELECT * FROM order_lines l WHERE l.order_id = o.order_id AND l.promised_on < l.received_on
  )
GROUP BY o.priority
ORDER BY o.priority
