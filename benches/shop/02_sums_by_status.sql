SELECT
  returned,
  status,
  sum(quantity) AS pieces,
  sum(price) AS gross,
  sum(price * (1 - discount)) AS net,
  sum(price * (1 - discount) * (1 + tax)) AS paid,
  avg(quantity) AS mean_pieces,
  avg(discount) AS mean_discount,
  count(*) AS lines
FROM order_lines
WHERE shipped_on <= DATE '2024-12-01' - INTERVAL '60' DAY
GROUP BY returned, status
ORDER BY returned, status
