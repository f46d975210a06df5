import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.trino.jdbc.TrinoStatement;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.StringJoiner;

/**
 * trino-jdbc: each line of standard input is a cell as JSON, whose steps are done on a connection of its own; each line
 * of standard output says what came of them.
 */
public final class Client {
    private static final Gson GSON = new Gson();
    private static final PrintStream OUT = System.out;

    private Client() {}

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonObject asked = GSON.fromJson(line, JsonObject.class);
            JsonArray steps = asked.getAsJsonArray("steps");
            JsonArray outcomes = new JsonArray();
            try (Connection connection = connect(asked.getAsJsonObject("connection"))) {
                for (JsonElement step : steps) {
                    outcomes.add(outcome(connection, step.getAsJsonObject()));
                }
                if (!connection.getAutoCommit()) {
                    connection.rollback();
                }
            }
            catch (SQLException e) {
                while (outcomes.size() < steps.size()) {
                    outcomes.add(failure(e));
                }
            }
            JsonObject said = new JsonObject();
            said.add("cell", asked.get("cell"));
            said.add("way", asked.get("way"));
            said.add("outcomes", outcomes);
            OUT.write((GSON.toJson(said) + "\n").getBytes(StandardCharsets.UTF_8));
            OUT.flush();
        }
    }

    private static Connection connect(JsonObject told) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", text(told, "user"));
        properties.setProperty("source", text(told, "source"));
        properties.setProperty("timezone", "UTC");
        if (text(told, "ca") != null) {
            properties.setProperty("SSL", "true");
            properties.setProperty("SSLTrustStorePath", text(told, "ca"));
        }
        if (text(told, "password") != null) {
            properties.setProperty("password", text(told, "password"));
        }
        if (text(told, "token") != null) {
            properties.setProperty("accessToken", text(told, "token"));
        }
        if (text(told, "encoding") != null) {
            properties.setProperty("encoding", text(told, "encoding"));
        }
        if (text(told, "both") != null) {
            properties.setProperty("SSLKeyStorePath", text(told, "both"));
        }
        if (text(told, "browser") != null) {
            System.setOut(new Shown(text(told, "browser")));
            properties.setProperty("externalAuthentication", "true");
            properties.setProperty("externalAuthenticationRedirectHandlers", "PRINT");
        }
        if (!told.getAsJsonArray("tags").isEmpty()) {
            properties.setProperty("clientTags", joined(told.getAsJsonArray("tags")));
        }
        StringJoiner session = new StringJoiner(";");
        told.getAsJsonObject("properties").entrySet().forEach(p -> session.add(p.getKey() + ":" + p.getValue().getAsString()));
        if (session.length() > 0) {
            properties.setProperty("sessionProperties", session.toString());
        }
        if (told.get("otherwise").getAsBoolean()) {
            properties.setProperty("explicitPrepare", "false");
        }
        String url = "jdbc:trino://" + text(told, "host") + ":" + text(told, "port") + "/" + text(told, "catalog") + "/" + text(told, "schema");
        Connection connection = DriverManager.getConnection(url, properties);
        connection.setAutoCommit(!told.get("transaction").getAsBoolean());
        return connection;
    }

    /** Standard output of a driver that shows people where to log in: somebody does, by a browser. */
    private static final class Shown extends PrintStream {
        private final String browser;

        private Shown(String browser) {
            super(OUT);
            this.browser = browser;
        }

        @Override
        public void println(Object text) {
            println(String.valueOf(text));
        }

        @Override
        public void println(String text) {
            int start = text.indexOf("https://");
            if (start < 0 || !text.contains("/oauth2/token/initiate/")) {
                return;
            }
            String address = URLEncoder.encode(text.substring(start).strip(), StandardCharsets.UTF_8);
            HttpRequest request = HttpRequest.newBuilder(URI.create(browser + "?to=" + address)).build();
            HttpClient.newHttpClient().sendAsync(request, HttpResponse.BodyHandlers.discarding()).join();
        }
    }

    private static JsonObject outcome(Connection connection, JsonObject step) {
        try {
            String sql = text(step, "sql");
            return switch (text(step, "op")) {
                case "query" -> query(connection, sql);
                case "parameters" -> parameters(connection, sql, step.getAsJsonArray("values"));
                case "hash" -> hash(connection, sql);
                case "cancel" -> cancel(connection, sql);
                case "progress" -> progress(connection, sql);
                case "tables" -> rows(connection.getMetaData().getTables(connection.getCatalog(), connection.getSchema(), "%", null));
                case "own" -> metadata(connection);
                case "commit" -> {
                    connection.commit();
                    yield new JsonObject();
                }
                default -> {
                    connection.rollback();
                    yield new JsonObject();
                }
            };
        }
        catch (Exception e) {
            return failure(e);
        }
    }

    private static JsonObject query(Connection connection, String sql) throws Exception {
        try (Statement statement = connection.createStatement()) {
            if (statement.execute(sql)) {
                return rows(statement.getResultSet());
            }
            JsonObject said = new JsonObject();
            said.addProperty("updated", statement.getLargeUpdateCount());
            return said;
        }
    }

    private static JsonObject parameters(Connection connection, String sql, JsonArray values) throws Exception {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.size(); i++) {
                JsonPrimitive value = values.get(i).getAsJsonPrimitive();
                if (value.isBoolean()) {
                    statement.setBoolean(i + 1, value.getAsBoolean());
                }
                else if (value.isNumber()) {
                    statement.setLong(i + 1, value.getAsLong());
                }
                else {
                    statement.setString(i + 1, value.getAsString());
                }
            }
            return rows(statement.executeQuery());
        }
    }

    private static JsonObject hash(Connection connection, String sql) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        long count = 0;
        try (Statement statement = connection.createStatement(); ResultSet set = statement.executeQuery(sql)) {
            int columns = set.getMetaData().getColumnCount();
            for (; set.next(); count++) {
                for (int i = 1; i <= columns; i++) {
                    digest.update((set.getString(i) + "\t").getBytes(StandardCharsets.UTF_8));
                }
            }
        }
        JsonObject said = new JsonObject();
        said.addProperty("count", count);
        said.addProperty("sha256", HexFormat.of().formatHex(digest.digest()));
        return said;
    }

    /** Cancels after the first row. */
    private static JsonObject cancel(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            ResultSet set = statement.executeQuery(sql);
            set.next();
            statement.cancel();
            while (set.next()) {}
        }
        return new JsonObject();
    }

    /** Splits that are done, while a statement runs. */
    private static JsonObject progress(Connection connection, String sql) throws SQLException {
        JsonArray seen = new JsonArray();
        try (Statement statement = connection.createStatement()) {
            statement.unwrap(TrinoStatement.class).setProgressMonitor(stats -> seen.add(stats.getCompletedSplits()));
            ResultSet set = statement.executeQuery(sql);
            while (set.next()) {}
        }
        JsonObject said = new JsonObject();
        said.add("progress", seen);
        return said;
    }

    /** What its metadata tells: what DBeaver, Tableau and others ask. */
    private static JsonObject metadata(Connection connection) throws SQLException {
        DatabaseMetaData told = connection.getMetaData();
        JsonObject said = new JsonObject();
        said.add("catalogs", rows(told.getCatalogs()));
        said.add("schemas", rows(told.getSchemas("tpch_standard", null)));
        said.add("tables", rows(told.getTables("tpch_standard", "tiny", "n%", new String[] {"TABLE", "VIEW"})));
        said.add("columns", rows(told.getColumns("tpch_standard", "tiny", "nation", null)));
        said.add("kinds", rows(told.getTableTypes()));
        said.add("types", rows(told.getTypeInfo()));
        said.add("keys", rows(told.getPrimaryKeys("tpch_standard", "tiny", "nation")));
        return said;
    }

    private static JsonObject rows(ResultSet set) throws SQLException {
        ResultSetMetaData described = set.getMetaData();
        JsonArray columns = new JsonArray();
        for (int i = 1; i <= described.getColumnCount(); i++) {
            columns.add(described.getColumnLabel(i) + " " + described.getColumnTypeName(i) + " " + described.getColumnType(i) + " " + described.getColumnClassName(i)
                    + " " + described.getPrecision(i) + " " + described.getScale(i) + " " + described.getColumnDisplaySize(i));
        }
        JsonArray rows = new JsonArray();
        while (set.next()) {
            JsonArray row = new JsonArray();
            for (int i = 1; i <= described.getColumnCount(); i++) {
                row.add(shown(set.getObject(i)));
                // Of bytes it gives where they lie in memory.
                row.add(set.getObject(i) instanceof byte[] ? "" : set.getString(i));
            }
            rows.add(row);
        }
        JsonObject said = new JsonObject();
        said.add("columns", columns);
        said.add("rows", rows);
        return said;
    }

    /** An object with its class, and with what is in it. */
    private static String shown(Object value) throws SQLException {
        if (value == null) {
            return "null";
        }
        if (value instanceof byte[] bytes) {
            return "bytes " + HexFormat.of().formatHex(bytes);
        }
        if (value instanceof Array array) {
            List<String> shown = new ArrayList<>();
            for (Object element : (Object[]) array.getArray()) {
                shown.add(shown(element));
            }
            return "array of " + array.getBaseTypeName() + " " + shown;
        }
        if (value instanceof Map<?, ?> map) {
            List<String> shown = new ArrayList<>();
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                shown.add(shown(entry.getKey()) + "=" + shown(entry.getValue()));
            }
            return "map " + shown;
        }
        if (value instanceof List<?> list) {
            List<String> shown = new ArrayList<>();
            for (Object element : list) {
                shown.add(shown(element));
            }
            return "list " + shown;
        }
        return value.getClass().getSimpleName() + " " + value;
    }

    private static JsonObject failure(Exception e) {
        JsonObject said = new JsonObject();
        said.addProperty("error", e.getClass().getSimpleName() + ": " + e.getMessage());
        if (e instanceof SQLException of) {
            said.addProperty("code", of.getErrorCode());
            said.addProperty("state", of.getSQLState());
        }
        return said;
    }

    private static String joined(JsonArray texts) {
        StringJoiner joined = new StringJoiner(",");
        texts.forEach(t -> joined.add(t.getAsString()));
        return joined.toString();
    }

    private static String text(JsonObject object, String name) {
        JsonElement value = object.get(name);
        return value == null || value.isJsonNull() ? null : value.getAsString();
    }
}
