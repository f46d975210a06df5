SELECT customer_id, name, phone
FROM customers
WHERE segment = 'RETAIL'
ORDER BY name
LIMIT 100
