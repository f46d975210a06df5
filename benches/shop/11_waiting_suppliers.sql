SELECT s.name, count(*) AS waiting
FROM suppliers s
JOIN order_lines l1 ON s.supplier_id = l1.supplier_id
JOIN orders o ON o.order_id = l1.order_id
JOIN countries n ON s.country_id = n.country_id
WHERE o.status = 'F'
  AND l1.received_on > l1.promised_on
  AND EXISTS (
    SELECT * FROM order_lines l2 WHERE l2.order_id = l1.order_id AND l2.supplier_id <> l1.supplier_id
  )
  AND NOT EXISTS (
    SELECT * FROM order_lines l3
    WHERE l3.order_id = l1.order_id AND l3.supplier_id <> l1.supplier_id AND l3.received_on > l3.promised_on
  )
  AND n.name = 'ITALY'
GROUP BY s.name
ORDER BY waiting DESC, s.name
LIMIT 100
