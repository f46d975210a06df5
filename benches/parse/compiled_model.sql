-- A model of daily order facts, in the shape that dbt compiles: one CTE a source, renamed, joined step by step.


with

-- sources ---------------------------------------------------------------------------------------------------------------

orders as (

    select * from "lake"."shop_staging"."stg_orders"

    where 1 = 1
      -- the last three days are read again, since payments arrive late
      and ordered_at >= date_add('day', -3, (select coalesce(max(ordered_on), date '2015-01-01') from "lake"."shop_marts"."fct_orders_daily"))

),

order_items as (

    select * from "lake"."shop_staging"."stg_order_items"

),

products as (

    select * from "lake"."shop_staging"."stg_products"

),

customers as (

    select * from "lake"."shop_staging"."stg_customers"

),

payments as (

    select * from "lake"."shop_staging"."stg_payments"

),

returns as (

    select * from "lake"."shop_staging"."stg_returns"

),

exchange_rates as (

    select * from "lake"."finance_staging"."stg_exchange_rates"

),

-- renamed and typed -----------------------------------------------------------------------------------------------------

orders_typed as (

    select
        cast(order_id as bigint) as order_id,
        cast(customer_id as bigint) as customer_id,
        cast(nullif(trim(store_code), '') as varchar(8)) as store_code,
        lower(trim(status)) as order_status,
        cast(ordered_at as timestamp(3) with time zone) at time zone 'UTC' as ordered_at_utc,
        date(ordered_at) as ordered_on,
        upper(currency) as currency_code,
        cast(shipping_amount as decimal(18, 2)) as shipping_amount,
        cast(tax_amount as decimal(18, 2)) as tax_amount,
        row_number() over (
            partition by order_id
            order by updated_at desc nulls last, _loaded_at desc
        ) as version_number

    from orders

),

latest_orders as (

    select * from orders_typed where version_number = 1

),

items_priced as (

    select
        order_items.order_id,
        order_items.line_number,
        order_items.product_id,
        products.product_name,
        products.category_name,
        order_items.quantity,
        cast(order_items.unit_price as decimal(18, 2)) as unit_price,
        cast(order_items.quantity * order_items.unit_price as decimal(18, 2)) as gross_amount,
        cast(
            order_items.quantity * order_items.unit_price * coalesce(order_items.discount_percent, 0) / 100
            as decimal(18, 2)
        ) as discount_amount,
        /* a gift costs nothing,
           and is counted all the same */
        case
            when order_items.is_gift then 'gift'
            when order_items.unit_price = 0 then 'free'
            when coalesce(order_items.discount_percent, 0) >= 50 then 'clearance'
            when coalesce(order_items.discount_percent, 0) > 0 then 'discounted'
            else 'regular'
        end as price_class

    from order_items
    left join products
        on order_items.product_id = products.product_id
        and order_items.sold_at between products.valid_from and coalesce(products.valid_to, timestamp '9999-12-31 00:00:00')

),

items_by_order as (

    select
        order_id,
        count(*) as item_lines,
        sum(quantity) as item_quantity,
        count(distinct product_id) as distinct_products,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        sum(gross_amount) - sum(discount_amount) as net_amount,
        sum(case when price_class = 'gift' then 1 else 0 end) as gift_lines,
        sum(case when price_class = 'free' then 1 else 0 end) as free_lines,
        sum(case when price_class = 'clearance' then 1 else 0 end) as clearance_lines,
        sum(case when price_class = 'discounted' then 1 else 0 end) as discounted_lines,
        sum(case when price_class = 'regular' then 1 else 0 end) as regular_lines,
        max_by(category_name, gross_amount) as leading_category

    from items_priced
    group by 1

),

payments_by_order as (

    select
        order_id,
        sum(case when payment_method = 'credit_card' then amount else 0 end) as credit_card_amount,
        sum(case when payment_method = 'bank_transfer' then amount else 0 end) as bank_transfer_amount,
        sum(case when payment_method = 'coupon' then amount else 0 end) as coupon_amount,
        sum(case when payment_method = 'gift_card' then amount else 0 end) as gift_card_amount,
        sum(amount) as paid_amount,
        min(paid_at) as first_paid_at,
        max(paid_at) as last_paid_at

    from payments
    where payment_status in ('settled', 'captured', 'partially_refunded')
    group by order_id

),

returns_by_order as (

    select
        order_id,
        count(*) filter (where reason_code <> 'damaged') as returned_lines,
        count(*) filter (where reason_code = 'damaged') as damaged_lines,
        sum(refund_amount) as refund_amount

    from returns
    group by order_id
    having sum(refund_amount) is not null

),

-- joined ----------------------------------------------------------------------------------------------------------------

joined as (

    select
        latest_orders.order_id,
        latest_orders.customer_id,
        latest_orders.ordered_on,
        latest_orders.order_status,
        latest_orders.store_code,
        latest_orders.currency_code,
        customers.customer_segment,
        customers.country_code,
        customers.first_ordered_at,
        items_by_order.item_lines,
        items_by_order.item_quantity,
        items_by_order.distinct_products,
        items_by_order.gross_amount * exchange_rates.rate_to_eur as gross_amount_eur,
        items_by_order.discount_amount * exchange_rates.rate_to_eur as discount_amount_eur,
        (items_by_order.net_amount + latest_orders.shipping_amount + latest_orders.tax_amount) * exchange_rates.rate_to_eur as billed_amount_eur,
        coalesce(payments_by_order.paid_amount, 0) * exchange_rates.rate_to_eur as paid_amount_eur,
        coalesce(returns_by_order.refund_amount, 0) * exchange_rates.rate_to_eur as refund_amount_eur,
        coalesce(returns_by_order.returned_lines, 0) + coalesce(returns_by_order.damaged_lines, 0) as returned_lines,
        date_diff('day', latest_orders.ordered_at_utc, payments_by_order.first_paid_at) as days_to_payment,
        latest_orders.ordered_on = date(customers.first_ordered_at) as is_first_order

    from latest_orders
    inner join items_by_order
        on latest_orders.order_id = items_by_order.order_id
    left join payments_by_order
        on latest_orders.order_id = payments_by_order.order_id
    left join returns_by_order
        on latest_orders.order_id = returns_by_order.order_id
    left join customers
        on latest_orders.customer_id = customers.customer_id
    left join exchange_rates
        on latest_orders.currency_code = exchange_rates.currency_code
        and latest_orders.ordered_on = exchange_rates.rate_date

    where latest_orders.order_status not in ('cancelled', 'test')
      and not coalesce(customers.is_internal, false)
      and (latest_orders.store_code is not null or latest_orders.order_status = 'online')
      and latest_orders.currency_code not like 'X%'

),

aggregated as (

    select
        ordered_on,
        country_code,
        customer_segment,
        coalesce(store_code, 'online') as store_code,
        count(*) as orders,
        count(distinct customer_id) as customers,
        count(case when is_first_order then order_id end) as first_orders,
        sum(item_lines) as item_lines,
        sum(item_quantity) as item_quantity,
        sum(gross_amount_eur) as gross_amount_eur,
        sum(discount_amount_eur) as discount_amount_eur,
        sum(billed_amount_eur) as billed_amount_eur,
        sum(paid_amount_eur) as paid_amount_eur,
        sum(refund_amount_eur) as refund_amount_eur,
        sum(billed_amount_eur) - sum(paid_amount_eur) - sum(refund_amount_eur) as open_amount_eur,
        approx_percentile(billed_amount_eur, 0.5) as median_order_eur,
        approx_percentile(days_to_payment, 0.9) as slow_payment_days

    from joined
    group by 1, 2, 3, 4

),

final as (

    select
        md5(to_utf8(cast(coalesce(cast(ordered_on as varchar), '_null_') || '-' || coalesce(country_code, '_null_') || '-' || coalesce(customer_segment, '_null_') || '-' || store_code as varchar))) as fact_key,
        aggregated.*,
        sum(billed_amount_eur) over (
            partition by country_code, customer_segment, store_code
            order by ordered_on
            rows between 27 preceding and current row
        ) as billed_amount_eur_28d,
        lag(billed_amount_eur, 7) over (
            partition by country_code, customer_segment, store_code
            order by ordered_on
        ) as billed_amount_eur_week_before,
        rank() over (partition by ordered_on order by billed_amount_eur desc) as rank_of_day,
        current_timestamp as built_at

    from aggregated

)

select * from final
