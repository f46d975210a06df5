SELECT seller, buyer, year, sum(volume) AS revenue
FROM (
  SELECT
    n1.name AS seller,
    n2.name AS buyer,
    EXTRACT(YEAR FROM l.shipped_on) AS year,
    l.price * (1 - l.discount) AS volume
  FROM suppliers s, order_lines l, orders o, customers c, countries n1, countries n2
  WHERE s.supplier_id = l.supplier_id
    AND o.order_id = l.order_id
    AND c.customer_id = o.customer_id
    AND s.country_id = n1.country_id
    AND c.country_id = n2.country_id
    AND ((n1.name = 'GERMANY' AND n2.name = 'POLAND') OR (n1.name = 'POLAND' AND n2.name = 'GERMANY'))
    AND l.shipped_on BETWEEN DATE '2023-01-01' AND DATE '2024-12-31'
) AS shipments
GROUP BY seller, buyer, year
ORDER BY seller, buyer, year
