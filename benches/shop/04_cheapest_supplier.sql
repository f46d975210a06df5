SELECT s.balance, s.name, n.name AS country, p.product_id, p.maker, s.street, s.phone, s.note
FROM products p
JOIN stock k ON k.product_id = p.product_id
JOIN suppliers s ON s.supplier_id = k.supplier_id
JOIN countries n ON n.country_id = s.country_id
JOIN regions r ON r.region_id = n.region_id
WHERE p.size = 15
  AND p.kind LIKE '%STEEL'
  AND r.name = 'EUROPE'
  AND k.cost = (
    SELECT min(k2.cost)
    FROM stock k2
    JOIN suppliers s2 ON s2.supplier_id = k2.supplier_id
    JOIN countries n2 ON n2.country_id = s2.country_id
    JOIN regions r2 ON r2.region_id = n2.region_id
    WHERE k2.product_id = p.product_id AND r2.name = 'EUROPE'
  )
ORDER BY s.balance DESC, n.name, s.name, p.product_id
LIMIT 100
