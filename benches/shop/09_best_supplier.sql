WITH revenue (supplier_id, total) AS (
  SELECT supplier_id, sum(price * (1 - discount))
  FROM order_lines
  WHERE shipped_on >= DATE '2024-01-01' AND shipped_on < DATE '2024-01-01' + INTERVAL '3' MONTH
  GROUP BY supplier_id
)
SELECT s.supplier_id, s.name, s.street, s.phone, r.total
FROM suppliers s
JOIN revenue r ON s.supplier_id = r.supplier_id
WHERE r.total = (SELECT max(total) FROM revenue)
ORDER BY s.supplier_id
