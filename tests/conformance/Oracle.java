import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Set;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Says what Trino's own parser makes of statements: one base64 text a line in, one JSON object a line out.
 *
 * <p>With the argument `trees`, each line out is the statement's tree, or null. Trino's classes are reached by name only, so that an older compiler than the one they were made with will do.
 */
public final class Oracle
{
    /** The rules in which each name directly below is that of a table or view. */
    private static final Set<String> NAMES = Set.of(
            "TableNameContext",
            "TableContext",
            "TableArgumentTableContext",
            "ShowColumnsContext",
            "ShowStatsContext",
            "ShowCreateTableContext",
            "ShowCreateViewContext",
            "ShowCreateMaterializedViewContext",
            "CreateTableContext",
            "CreateTableAsSelectContext",
            "LikeClauseContext",
            "DropTableContext",
            "RenameTableContext",
            "SetTablePropertiesContext",
            "TableExecuteContext",
            "AddColumnContext",
            "DropNotNullConstraintContext",
            "CommentTableContext",
            "CommentViewContext",
            "CreateViewContext",
            "DropViewContext",
            "RenameViewContext",
            "CreateMaterializedViewContext",
            "DropMaterializedViewContext",
            "RenameMaterializedViewContext",
            "SetMaterializedViewPropertiesContext",
            "RefreshMaterializedViewContext",
            "InsertIntoContext",
            "DeleteContext",
            "UpdateContext",
            "MergeContext",
            "TruncateTableContext",
            "AnalyzeContext",
            "RefreshViewContext",
            "CreateBranchContext",
            "DropBranchContext",
            "FastForwardBranchContext",
            "ShowBranchesContext");

    /** The rules in which the first name is that of a table, and others are of columns. */
    private static final Set<String> FIRST_NAMES = Set.of(
            "RenameColumnContext",
            "DropColumnContext",
            "SetColumnTypeContext",
            "SetDefaultValueContext",
            "DropDefaultValueContext");

    /** The rules in which a name is that of a table or view if the word before it says so, or no word. */
    private static final Set<String> NAMES_OF_KINDS = Set.of("GrantObjectContext", "SetAuthorizationContext");

    /** The rules in which a function is called. */
    private static final Set<String> CALLS = Set.of("FunctionCallContext", "ListaggContext", "TableFunctionCallContext");

    private final Object parser;
    private final Method createStatement;

    private Oracle()
            throws ReflectiveOperationException
    {
        Class<?> type = Class.forName("io.trino.sql.parser.SqlParser");
        parser = type.getConstructor().newInstance();
        createStatement = type.getMethod("createStatement", String.class);
    }

    public static void main(String[] args)
            throws Exception
    {
        Oracle oracle = new Oracle();
        boolean trees = args.length == 1 && args[0].equals("trees");
        PrintStream out = new PrintStream(System.out, false, UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        // Trino's parser gives up on a text where its stack ends: a large one lets it say more.
        Thread reader = new Thread(null, () -> {
            try {
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    String sql = new String(Base64.getDecoder().decode(line), UTF_8);
                    out.println(trees ? oracle.treeOf(sql) : oracle.read(sql));
                }
            }
            catch (Exception e) {
                throw new RuntimeException(e);
            }
        }, "oracle", 1L << 30);
        reader.start();
        reader.join();
        out.flush();
    }

    private String read(String sql)
            throws Exception
    {
        Object statement;
        try {
            statement = createStatement.invoke(parser, sql);
        }
        catch (InvocationTargetException e) {
            return refused(e.getCause());
        }
        String[] digests = Skeleton.digests(statement);
        StringBuilder json = new StringBuilder("{\"ok\":true,\"tree\":\"" + digests[0] + "\",\"names\":\"" + digests[1] + "\",\"kind\":");
        Skeleton.quote(json, statement.getClass().getSimpleName());
        json.append(",\"relations\":[");
        List<int[]> spans = new ArrayList<>();
        List<String> functions = new ArrayList<>();
        collect(tree(sql), spans, functions);
        for (int i = 0; i < spans.size(); i++) {
            int[] span = spans.get(i);
            // ANTLR counts code points.
            int start = sql.offsetByCodePoints(0, span[0]);
            int end = sql.offsetByCodePoints(start, span[1] - span[0]);
            json.append(i == 0 ? "" : ",").append('[')
                    .append(sql.substring(0, start).getBytes(UTF_8).length).append(',')
                    .append(sql.substring(0, end).getBytes(UTF_8).length).append(']');
        }
        json.append("],\"functions\":[");
        for (int i = 0; i < functions.size(); i++) {
            json.append(i == 0 ? "" : ",");
            Skeleton.quote(json, functions.get(i));
        }
        return json.append("]}").toString();
    }

    private String treeOf(String sql)
            throws ReflectiveOperationException
    {
        try {
            return Skeleton.of(createStatement.invoke(parser, sql));
        }
        catch (InvocationTargetException e) {
            return "null";
        }
    }

    private static String refused(Throwable cause)
    {
        StringBuilder json = new StringBuilder("{\"ok\":false");
        try {
            Object line = cause.getClass().getMethod("getLineNumber").invoke(cause);
            Object column = cause.getClass().getMethod("getColumnNumber").invoke(cause);
            Object message = cause.getClass().getMethod("getErrorMessage").invoke(cause);
            json.append(",\"line\":").append(line).append(",\"column\":").append(column).append(",\"message\":");
            Skeleton.quote(json, String.valueOf(message));
        }
        catch (ReflectiveOperationException e) {
            json.append(",\"line\":0,\"column\":0,\"message\":");
            Skeleton.quote(json, String.valueOf(cause));
        }
        return json.append('}').toString();
    }

    /** The parse tree of a text that was accepted. */
    private static Object tree(String sql)
            throws ReflectiveOperationException
    {
        Object characters = Class.forName("org.antlr.v4.runtime.CharStreams").getMethod("fromString", String.class).invoke(null, sql);
        Object lexer = make("io.trino.grammar.sql.SqlBaseLexer", "org.antlr.v4.runtime.CharStream", characters);
        Object tokens = make("org.antlr.v4.runtime.CommonTokenStream", "org.antlr.v4.runtime.TokenSource", lexer);
        Object grammar = make("io.trino.grammar.sql.SqlBaseParser", "org.antlr.v4.runtime.TokenStream", tokens);
        lexer.getClass().getMethod("removeErrorListeners").invoke(lexer);
        grammar.getClass().getMethod("removeErrorListeners").invoke(grammar);
        return grammar.getClass().getMethod("singleStatement").invoke(grammar);
    }

    private static Object make(String type, String parameter, Object argument)
            throws ReflectiveOperationException
    {
        return Class.forName(type).getConstructor(Class.forName(parameter)).newInstance(argument);
    }

    private static void collect(Object node, List<int[]> spans, List<String> functions)
            throws ReflectiveOperationException
    {
        String type = node.getClass().getSimpleName();
        int children = (int) node.getClass().getMethod("getChildCount").invoke(node);
        boolean names = NAMES.contains(type) || FIRST_NAMES.contains(type) || (NAMES_OF_KINDS.contains(type) && isOfTable(node));
        if (type.equals("CommentColumnContext")) {
            collectTableOfColumn(node, spans);
        }
        boolean calls = CALLS.contains(type);
        if (type.equals("ListaggContext")) {
            functions.add("listagg");
        }
        for (int i = 0; i < children; i++) {
            Object child = node.getClass().getMethod("getChild", int.class).invoke(node, i);
            if (names && child.getClass().getSimpleName().equals("QualifiedNameContext")) {
                spans.add(new int[] {position(child, "getStart", "getStartIndex"), position(child, "getStop", "getStopIndex") + 1});
                names = !FIRST_NAMES.contains(type);
            }
            if (calls && child.getClass().getSimpleName().equals("QualifiedNameContext")) {
                functions.add(folded(child));
            }
            collect(child, spans, functions);
        }
    }

    /** Whether the kind of an object that is granted on or owned is that of tables or views. */
    private static boolean isOfTable(Object node)
            throws ReflectiveOperationException
    {
        int children = (int) node.getClass().getMethod("getChildCount").invoke(node);
        for (int i = 0; i < children; i++) {
            Object child = node.getClass().getMethod("getChild", int.class).invoke(node, i);
            if (Set.of("EntityKindContext", "OwnedEntityKindContext").contains(child.getClass().getSimpleName())) {
                String kind = (String) child.getClass().getMethod("getText").invoke(child);
                // Two words are MATERIALIZED VIEW; that text may also be one word, of another kind.
                boolean words = (int) child.getClass().getMethod("getChildCount").invoke(child) > 1;
                return words || Set.of("table", "view").contains(kind.toLowerCase(Locale.ENGLISH));
            }
        }
        return true;
    }

    /** The table of a column that is commented on: all of its name but the last part. */
    private static void collectTableOfColumn(Object node, List<int[]> spans)
            throws ReflectiveOperationException
    {
        Object name = node.getClass().getMethod("qualifiedName").invoke(node);
        int parts = (int) name.getClass().getMethod("getChildCount").invoke(name);
        if (parts > 1) {
            Object last = name.getClass().getMethod("getChild", int.class).invoke(name, parts - 3);
            spans.add(new int[] {position(name, "getStart", "getStartIndex"), position(last, "getStop", "getStopIndex") + 1});
        }
    }

    /** A name in lower case, without quotes, its parts joined by dots. */
    private static String folded(Object name)
            throws ReflectiveOperationException
    {
        StringBuilder folded = new StringBuilder();
        int children = (int) name.getClass().getMethod("getChildCount").invoke(name);
        for (int i = 0; i < children; i++) {
            Object child = name.getClass().getMethod("getChild", int.class).invoke(name, i);
            String part = (String) child.getClass().getMethod("getText").invoke(child);
            boolean quoted = part.startsWith("\"");
            folded.append(quoted ? part.substring(1, part.length() - 1).replace("\"\"", "\"") : part);
        }
        return folded.toString().toLowerCase(Locale.ENGLISH);
    }

    private static int position(Object node, String token, String index)
            throws ReflectiveOperationException
    {
        Object found = node.getClass().getMethod(token).invoke(node);
        return (int) found.getClass().getMethod(index).invoke(found);
    }
}
