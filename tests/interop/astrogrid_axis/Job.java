import java.io.ByteArrayInputStream;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.SimpleDateFormat;
import java.util.Calendar;
import java.util.TimeZone;
import java.util.concurrent.Callable;

import org.apache.axis.client.Call;
import org.apache.axis.client.Service;
import org.apache.axis.message.SOAPBodyElement;
import org.apache.axis.types.NMToken;
import org.apache.axis.types.URI;
import org.apache.axis.utils.XMLUtils;
import org.astrogrid.filemanager.common.*;

/** The main job on the AstroGrid API with Apache Axis 1.4, whatever stubs there are below. */
abstract class Job {
    private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    // What a set of stubs makes of the operations.

    abstract String namespace();

    abstract URI getIdentifier() throws Exception;

    abstract Node[] addAccount(URI account) throws Exception;

    abstract Node[] getAccount(URI account, BundlePreferences hints) throws Exception;

    abstract Node[] getNode(URI node, BundlePreferences hints) throws Exception;

    abstract Node[] addNode(URI parent, NMToken name, NodeTypes type) throws Exception;

    abstract Node[] refresh(URI node) throws Exception;

    abstract Node[] copy(URI node, URI parent, NMToken name) throws Exception;

    abstract Node[] move(URI node, URI parent, NMToken name) throws Exception;

    abstract Node[] delete(URI node) throws Exception;

    abstract TransferInfo writeContent(URI node) throws Exception;

    abstract TransferInfo appendContent(URI node) throws Exception;

    abstract TransferInfo readContent(URI node) throws Exception;

    /** Arguments as the job's, operator apart. */
    void run(Job operator, String[] arguments) throws Exception {
        String folderName = arguments[3];
        byte[] content = Files.readAllBytes(Path.of(arguments[4]));

        // account
        say("service", getIdentifier());
        Node newHome = operator.addAccount(new URI("ivo://" + folderName + "@ast.cam.ac.uk/community"))[0];
        say("new.account", attributeOf(newHome, "community.home.space"));
        say("new.home", newHome.getIvorn());
        URI account = new URI("ivo://" + arguments[1] + "@ast.cam.ac.uk/community");
        Node first = getAccount(account, new BundlePreferences(0, null, false))[0];
        URI home = first.getIvorn();
        say("home", home);
        say("home.name", first.getName());
        say("home.type", first.getType());

        // folder
        Node[] added = addNode(home, new NMToken(folderName), NodeTypes.FOLDER);
        URI folder = added[0].getIvorn();
        say("folder", folder);
        say("folder.parent", added[1].getIvorn());

        // file
        Node made = addNode(folder, new NMToken("query-7.vot"), NodeTypes.FILE)[0];
        URI file = made.getIvorn();
        say("file", file);
        say("file.type", made.getType());
        say("file.size", made.getSize());

        // send
        TransferInfo to = writeContent(file);
        say("send.method", to.getMethod());
        say("put.status", send(to, content));

        // refresh
        Node node = refreshed(file, content.length);
        say("node.size", node.getSize());
        say("node.created", utc(node.getCreateDate()));
        say("node.modified", utc(node.getModifyDate()));
        for (Attribute attribute : node.getAttributes())
            say("attribute", attribute.getKey() + " " + attribute.getValue());

        // fetch
        HttpURLConnection get = open(readContent(file));
        say("fetch.method", get.getRequestMethod());
        say("get.status", get.getResponseCode());
        Files.copy(get.getInputStream(), Path.of(arguments[5]));

        // append
        say("append.status", send(appendContent(file), "more".getBytes()));
        say("append.size", refreshed(file, content.length + 4).getSize());

        // copy
        Node[] copied = copy(file, home, new NMToken(folderName + ".vot"));
        URI copy = copied[0].getIvorn();
        say("copy", copy);
        say("copy.name", copied[0].getName());
        say("copy.size", copied[0].getSize());
        say("copy.parent", copied[1].getIvorn());

        // move
        Node moved = move(copy, folder, new NMToken("moved.vot"))[0];
        say("move", moved.getIvorn());
        say("move.name", moved.getName());
        say("move.parent", moved.getParent());

        // delete
        say("delete", delete(copy)[0].getIvorn());

        // names
        String star = "é 星 🌟.txt";
        addNode(folder, new NMToken(star), NodeTypes.FILE);
        String encoded = URLEncoder.encode(star, StandardCharsets.UTF_8).replace("+", "%20");
        Node bright = look(home + "/" + folderName + "/" + encoded);
        say("names.node", bright.getIvorn());
        say("names.name", bright.getName());

        // large
        say("large.size", look(home + "/archive/big.dat").getSize());

        // bundle
        Node[] hundred = getNode(new URI(home + "/hundred"), new BundlePreferences(1, 99, false));
        say("bundle.count", hundred.length);
        say("bundle.first", hundred[0].getName());
        say("bundle.children", hundred[0].getChild().length);
        for (int each = 1; each < hundred.length; each++) say("bundle.name", hundred[each].getName());

        // faults
        reportFault("missing", () -> look(home + "/" + folderName + "/nothing"));
        reportFault("twice", () -> addNode(folder, new NMToken("query-7.vot"), NodeTypes.FILE));
        reportFault("full", () -> delete(folder));

        // bad input: no stub takes a word that is none of the type's or leaves out what must be there, a document does
        Call call = (Call) new Service().createCall();
        call.setTargetEndpointAddress(arguments[0]);
        call.setUsername(arguments[1]);
        call.setPassword(arguments[2]);
        String parent = "<parentIvorn>" + folder + "</parentIvorn>";
        String named = "<newNodeName>lost</newNodeName>";
        reportFault("type", () -> addNode(call, parent + named + "<nodeType>many</nodeType>"));
        reportFault("element", () -> addNode(call, parent + "<nodeType>FILE</nodeType>"));
    }

    private Object addNode(Call call, String content) throws Exception {
        String text = "<f:addNode xmlns:f='" + namespace() + "'>" + content + "</f:addNode>";
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return call.invoke(new Object[] {
            new SOAPBodyElement(XMLUtils.newDocument(new ByteArrayInputStream(bytes)).getDocumentElement())
        });
    }

    private Node look(String node) throws Exception {
        return getNode(new URI(node), null)[0];
    }

    private Node refreshed(URI file, long size) throws Exception {
        Node node;
        do {
            node = refresh(file)[0];
        } while (node.getSize() != size);
        return node;
    }

    private static HttpURLConnection open(TransferInfo info) throws Exception {
        HttpURLConnection connection = (HttpURLConnection) new URL(info.getUri().toString()).openConnection();
        connection.setRequestMethod(info.getMethod());
        return connection;
    }

    private static int send(TransferInfo info, byte[] bytes) throws Exception {
        HttpURLConnection connection = open(info);
        connection.setDoOutput(true);
        connection.setFixedLengthStreamingMode(bytes.length);
        connection.getOutputStream().write(bytes);
        return connection.getResponseCode();
    }

    private static String attributeOf(Node node, String key) {
        for (Attribute attribute : node.getAttributes()) if (attribute.getKey().equals(key)) return attribute.getValue();
        return null;
    }

    private static String utc(Calendar instant) {
        SimpleDateFormat format = new SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'");
        format.setTimeZone(TimeZone.getTimeZone("UTC"));
        return format.format(instant.getTime());
    }

    private static void reportFault(String key, Callable<?> call) throws Exception {
        try {
            call.call();
        } catch (NodeNotFoundFault | DuplicateNodeFault | FileManagerFault fault) {
            say(key, fault.getClass().getSimpleName());
            say(key + ".message", fault.getFaultString());
        }
    }

    private static void say(String key, Object value) {
        OUT.println(key + " " + value);
    }
}
