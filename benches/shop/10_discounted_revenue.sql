SELECT sum(l.price * (1 - l.discount)) AS revenue
FROM order_lines l, products p
WHERE (
    p.product_id = l.product_id AND p.brand = 'Brand 12' AND p.container IN ('SM CASE', 'SM BOX', 'SM PACK', 'SM PKG')
    AND l.quantity BETWEEN 1 AND 11 AND p.size BETWEEN 1 AND 5
    AND l.ship_mode IN ('AIR', 'AIR REG') AND l.instructions = 'DELIVER IN PERSON'
  ) OR (
    p.product_id = l.product_id AND p.brand = 'Brand 23' AND p.container IN ('MED BAG', 'MED BOX', 'MED PKG', 'MED PACK')
    AND l.quantity BETWEEN 10 AND 20 AND p.size BETWEEN 1 AND 10
    AND l.ship_mode IN ('AIR', 'AIR REG') AND l.instructions = 'DELIVER IN PERSON'
  ) OR (
    p.product_id = l.product_id AND p.brand = 'Brand 34' AND p.container IN ('LG CASE', 'LG BOX', 'LG PACK', 'LG PKG')
    AND l.quantity BETWEEN 20 AND 30 AND p.size BETWEEN 1 AND 15
    AND l.ship_mode IN ('AIR', 'AIR REG') AND l.instructions = 'DELIVER IN PERSON'
  )
