SELECT
  year,
  sum(CASE WHEN country = 'SPAIN' THEN volume ELSE 0 END) / nullif(sum(volume), 0) AS share
FROM (
  SELECT year(o.ordered_on) AS year, l.price * (1 - l.discount) AS volume, n2.name AS country
  FROM products p
  JOIN order_lines l ON p.product_id = l.product_id
  JOIN suppliers s ON s.supplier_id = l.supplier_id
  JOIN orders o ON l.order_id = o.order_id
  JOIN customers c ON o.customer_id = c.customer_id
  JOIN countries n1 ON c.country_id = n1.country_id
  JOIN regions r ON n1.region_id = r.region_id
  JOIN countries n2 ON s.country_id = n2.country_id
  WHERE r.name = 'EUROPE'
    AND o.ordered_on BETWEEN DATE '2023-01-01' AND DATE '2024-12-31'
    AND p.kind = 'ECONOMY STEEL'
) AS sales
GROUP BY year
ORDER BY year
