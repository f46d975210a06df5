import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.math.MathContext;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * A statement's tree in one canonical form, the same that `sluice sql tree` writes: each node an object with its class
 * under `is` and its fields in the order in which the class declares them.
 *
 * <p>Fields are found by reflection, so that none can be forgotten. An absent, false or empty field is left out; what
 * else is left out or changed is in {@link #DERIVED} and {@link #normalised}, each with its reason.
 */
final class Skeleton
{
    /** Fields that say again what others say, and those that say where a node stands. */
    private static final Set<String> DERIVED = Set.of(
            "Node.location",
            "StringLiteral.length",
            "LongLiteral.parsedValue",
            "NumericParameter.parsedValue",
            // Parameters are numbered in the order in which Trino's builder comes to them; Trino binds them by their place.
            "Parameter.id");

    private final StringBuilder names = new StringBuilder();

    /** The canonical form of a statement. */
    static String of(Object statement)
    {
        return json(new Skeleton().value(statement));
    }

    /** What stands for the canonical form, and what stands for each identifier with its place and value, in order. */
    static String[] digests(Object statement)
    {
        Skeleton skeleton = new Skeleton();
        String tree = json(skeleton.value(statement));
        return new String[] {digest(tree), digest(skeleton.names.toString())};
    }

    private Object value(Object found)
    {
        if (found instanceof Optional<?> optional) {
            return optional.map(this::value).orElse(null);
        }
        if (found instanceof OptionalInt optional) {
            return optional.isPresent() ? String.valueOf(optional.getAsInt()) : null;
        }
        if (found instanceof Collection<?> collection) {
            return collection.stream().map(this::value).toList();
        }
        if (found instanceof byte[] bytes) {
            return HexFormat.of().withUpperCase().formatHex(bytes);
        }
        if (found instanceof Double number) {
            return scientific(number);
        }
        if (found == null || found instanceof Boolean) {
            return found;
        }
        if (found instanceof Enum<?> constant) {
            return constant.name();
        }
        if (!found.getClass().getName().startsWith("io.trino.sql.tree.")) {
            return String.valueOf(found);
        }
        if (found.getClass().getSimpleName().equals("QualifiedName")) {
            // Its other fields are made from this one.
            return value(read(found, "originalParts"));
        }
        return node(found);
    }

    private Object node(Object found)
    {
        Map<String, Object> node = new LinkedHashMap<>();
        String name = found.getClass().getName();
        node.put("is", name.substring(name.lastIndexOf('.') + 1).replace('$', '.'));
        if (node.get("is").equals("Identifier")) {
            noteName(found);
        }
        for (Class<?> type = found.getClass(); type != Object.class; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (Modifier.isStatic(field.getModifiers()) || DERIVED.contains(type.getSimpleName() + "." + field.getName())) {
                    continue;
                }
                Object content = read(found, field);
                boolean absent = content == null || Boolean.FALSE.equals(content)
                        || content.equals(Optional.empty()) || content.equals(OptionalInt.empty())
                        || (content instanceof Collection<?> collection && collection.isEmpty());
                if (!absent) {
                    node.put(field.getName(), value(content));
                }
            }
        }
        return normalised(found, node);
    }

    /** Notes line, column and value of an identifier that stands in the text. */
    private void noteName(Object identifier)
    {
        Optional<?> location = (Optional<?>) read(identifier, "location");
        location.ifPresent(place -> names
                .append(read(place, "line")).append(':').append(read(place, "column")).append(':')
                .append(read(identifier, "value")).append('\n'));
    }

    /**
     * Where the trees of two versions, or Trino's and Sluice's, differ by design: the form of Trino 476 where it says as
     * much as another would.
     */
    @SuppressWarnings("unchecked")
    private static Object normalised(Object found, Map<String, Object> node)
    {
        switch ((String) node.get("is")) {
            case "GroupingOperation":
                // Trino makes its columns anew from names in lower case, and guesses which need quotes.
                undelimit(node.get("groupingColumns"));
                return node;
            case "FunctionCall":
                normaliseCall(found, node);
                return node;
            case "Grant":
            case "Revoke":
            case "Deny":
                // Trino keeps the words of privileges in the case in which they were written.
                node.computeIfPresent("privileges", (key, words) -> ((List<Object>) words).stream().map(Skeleton::upper).toList());
                return node;
            case "GrantObject":
                node.computeIfPresent("entityKind", (key, word) -> upper(word));
                return node;
            case "ArithmeticBinaryExpression":
                // It has another name since.
                node.replace("operator", "MODULO", "MODULUS");
                return node;
            case "Predicated":
                return predicated(node);
            case "Row":
                // Newer rows have fields with names; without names they are the items of old.
                node.computeIfPresent("fields", (key, fields) -> ((List<Object>) fields).stream().map(field -> unwrapped(field, "Row.Field", "expression")).toList());
                return renamed(node, "fields", "items");
            case "WhenClause":
                node.computeIfPresent("match", (key, match) -> unwrapped(match, "WhenClause.Operand", "expression"));
                return renamed(node, "match", "operand");
            case "IntervalLiteral":
            case "IntervalDataType":
                return interval(node);
            case "DescribeOutput":
                node.computeIfPresent("target", (key, target) -> unwrapped(target, "DescribeOutput.Target.PreparedStatement", "name"));
                return renamed(node, "target", "name");
            default:
                return node;
        }
    }

    private static void normaliseCall(Object call, Map<String, Object> node)
    {
        // A newer call's argument may have a name; without one it is the expression of old.
        node.computeIfPresent("arguments", (key, found) -> ((List<?>) found).stream().map(argument -> unwrapped(argument, "CallArgument", "value")).toList());
        List<?> arguments = (List<?>) node.getOrDefault("arguments", List.of());
        if (arguments.size() == 2 && arguments.get(1) instanceof Map<?, ?> form && "StringLiteral".equals(form.get("is"))
                && isMade(call, "normalize")) {
            // Trino makes a string of the word NFC, NFD, NFKC or NFKD in the case in which it was written.
            List<Object> changed = new ArrayList<>(arguments);
            Map<String, Object> upper = new LinkedHashMap<>();
            form.forEach((key, text) -> upper.put((String) key, key.equals("value") ? upper(text) : text));
            changed.set(1, upper);
            node.put("arguments", changed);
        }
    }

    /** Whether the name of a call was made by Trino's builder, and stands nowhere in the text. */
    private static boolean isMade(Object call, String name)
    {
        Object first = ((List<?>) read(read(call, "name"), "originalParts")).get(0);
        return read(first, "value").equals(name) && ((Optional<?>) read(first, "location")).isEmpty();
    }

    /** A newer predicate stands apart from its value and knows that it is negated. */
    @SuppressWarnings("unchecked")
    private static Object predicated(Map<String, Object> node)
    {
        Map<String, Object> predicate = (Map<String, Object>) node.get("predicate");
        Object value = node.get("value");
        Map<String, Object> old = new LinkedHashMap<>();
        String type = (String) predicate.get("is");
        boolean negated = Boolean.TRUE.equals(predicate.get("negated"));
        switch (type) {
            case "ComparisonPredicate":
                old.put("is", "ComparisonExpression");
                old.put("operator", predicate.get("operator"));
                old.put("left", value);
                old.put("right", predicate.get("right"));
                break;
            case "DistinctFromPredicate":
                old.put("is", "ComparisonExpression");
                old.put("operator", "IS_DISTINCT_FROM");
                old.put("left", value);
                old.put("right", predicate.get("right"));
                break;
            case "QuantifiedComparisonPredicate":
                old.put("is", "QuantifiedComparisonExpression");
                old.put("operator", predicate.get("operator"));
                old.put("quantifier", predicate.get("quantifier"));
                old.put("value", value);
                old.put("subquery", predicate.get("subquery"));
                break;
            case "IsNullPredicate":
                old.put("is", negated ? "IsNotNullPredicate" : "IsNullPredicate");
                old.put("value", value);
                return old;
            case "BetweenPredicate":
            case "InPredicate":
            case "LikePredicate":
                old.put("is", type);
                old.put("value", value);
                predicate.forEach(old::putIfAbsent);
                old.remove("negated");
                break;
            default:
                return node;
        }
        if (!negated) {
            return old;
        }
        Map<String, Object> not = new LinkedHashMap<>();
        not.put("is", "NotExpression");
        not.put("value", old);
        return not;
    }

    /** A newer interval has a qualifier; without precisions it is two fields. */
    @SuppressWarnings("unchecked")
    private static Object interval(Map<String, Object> node)
    {
        Map<String, Object> qualifier = (Map<String, Object>) node.get("qualifier");
        if (qualifier == null || json(qualifier).toLowerCase(Locale.ENGLISH).contains("precision\":")) {
            return node;
        }
        Object first = fieldName(qualifier.getOrDefault("from", qualifier.get("field")));
        Object last = fieldName(qualifier.get("to"));
        node.remove("qualifier");
        if (node.get("is").equals("IntervalLiteral")) {
            node.put("startField", first);
            if (last != null) {
                node.put("endField", last);
            }
            return node;
        }
        node.put("is", "IntervalDayTimeDataType");
        node.put("from", first);
        node.put("to", Objects.requireNonNullElse(last, first));
        return node;
    }

    private static Object fieldName(Object field)
    {
        return field == null ? null : upper(((Map<?, ?>) field).get("is").toString().replace("IntervalField.", ""));
    }

    /** The only content of a node that is there for something that this one has not. */
    private static Object unwrapped(Object found, String type, String content)
    {
        return found instanceof Map<?, ?> node && type.equals(node.get("is")) && node.size() == 2 ? node.get(content) : found;
    }

    private static Object renamed(Map<String, Object> node, String old, String name)
    {
        Map<String, Object> renamed = new LinkedHashMap<>();
        node.forEach((key, content) -> renamed.put(key.equals(old) ? name : key, content));
        return renamed;
    }

    private static void undelimit(Object found)
    {
        if (found instanceof List<?> list) {
            list.forEach(Skeleton::undelimit);
        }
        else if (found instanceof Map<?, ?> node) {
            node.remove("delimited");
            node.values().forEach(Skeleton::undelimit);
        }
    }

    private static Object upper(Object word)
    {
        return word.toString().toUpperCase(Locale.ENGLISH);
    }

    /** The shortest digits that stand for a number, as `1.5e3`. */
    private static String scientific(double number)
    {
        String sign = Double.doubleToRawLongBits(number) < 0 ? "-" : "";
        if (Double.isInfinite(number)) {
            return sign + "inf";
        }
        BigDecimal decimal = new BigDecimal(Double.toString(Math.abs(number))).stripTrailingZeros();
        // Java writes two digits even where one would do.
        BigDecimal one = new BigDecimal(Math.abs(number)).round(new MathContext(1));
        decimal = one.doubleValue() == Math.abs(number) ? one.stripTrailingZeros() : decimal;
        String digits = decimal.unscaledValue().toString();
        String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
        return sign + digits.charAt(0) + fraction + "e" + (decimal.signum() == 0 ? 0 : digits.length() - 1 - decimal.scale());
    }

    private static Object read(Object found, String name)
    {
        for (Class<?> type = found.getClass(); type != null; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (field.getName().equals(name)) {
                    return read(found, field);
                }
            }
        }
        throw new IllegalArgumentException(found.getClass() + " has no " + name);
    }

    private static Object read(Object found, Field field)
    {
        try {
            field.setAccessible(true);
            return field.get(found);
        }
        catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String digest(String text)
    {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
            return HexFormat.of().formatHex(digest, 0, 8);
        }
        catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String json(Object value)
    {
        StringBuilder json = new StringBuilder();
        write(json, value);
        return json.toString();
    }

    private static void write(StringBuilder json, Object value)
    {
        if (value instanceof Map<?, ?> node) {
            json.append('{');
            node.forEach((key, content) -> {
                json.append(json.charAt(json.length() - 1) == '{' ? "\"" : ",\"").append(key).append("\":");
                write(json, content);
            });
            json.append('}');
        }
        else if (value instanceof List<?> list) {
            json.append('[');
            for (int i = 0; i < list.size(); i++) {
                json.append(i == 0 ? "" : ",");
                write(json, list.get(i));
            }
            json.append(']');
        }
        else if (value instanceof Boolean) {
            json.append(value);
        }
        else {
            quote(json, String.valueOf(value));
        }
    }

    /** Writes a string as JSON. */
    static void quote(StringBuilder json, String text)
    {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char character = text.charAt(i);
            switch (character) {
                case '"' -> json.append("\\\"");
                case '\\' -> json.append("\\\\");
                case '\b' -> json.append("\\b");
                case '\f' -> json.append("\\f");
                case '\n' -> json.append("\\n");
                case '\r' -> json.append("\\r");
                case '\t' -> json.append("\\t");
                default -> {
                    if (character < ' ') {
                        json.append(String.format("\\u%04x", (int) character));
                    }
                    else {
                        json.append(character);
                    }
                }
            }
        }
        json.append('"');
    }
}
