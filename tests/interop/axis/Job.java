import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
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

import org.apache.axis.AxisFault;
import org.apache.axis.client.Call;
import org.apache.axis.message.SOAPBodyElement;
import org.apache.axis.utils.XMLUtils;
import org.w3c.dom.Element;

import vofiles.*;

/** The main job with Apache Axis 1.4: stubs generated from the contract by WSDL2Java. */
public class Job {
    private static final String NAMESPACE = "urn:vofiles:filemanager:1";
    private static PrintStream out;

    public static void main(String[] arguments) throws Exception {
        out = new PrintStream(System.out, true, "UTF-8");
        String address = arguments[0], folderName = arguments[3];
        FileManagerServiceLocator locator = new FileManagerServiceLocator();
        FileManagerSoapStub manager = (FileManagerSoapStub) locator.getFileManager(new URL(address));
        manager.setUsername(arguments[1]);
        manager.setPassword(arguments[2]);

        // account
        say("service", manager.getIdentifier(new GetIdentifier()).getIdentifier());
        Account account = manager.getAccount(new GetAccount()).getAccount();
        String home = account.getHome();
        say("account", account.getIdentifier());
        say("home", home);

        // folder
        String folder = manager.addNode(adding(home, folderName, "FOLDER", null)).getNode().getIdentifier();
        say("folder", folder);

        // file
        Node made = manager.addNode(adding(folder, "query-7.vot", "FILE", "5 < flux & \"rising\"")).getNode();
        String file = made.getIdentifier();
        say("file", file);
        say("file.version", made.getVersion());
        say("file.note", propertyOf(made, "note"));

        // send
        byte[] content = Files.readAllBytes(Path.of(arguments[4]));
        ImportInit importing = new ImportInit();
        importing.setNode(file);
        importing.setSize((long) content.length);
        importing.setContentType("application/x-votable+xml");
        Transfer offer = manager.importInit(importing).getTransfer();
        HttpURLConnection put = open(offer.getEndpoint(0));
        put.setDoOutput(true);
        put.setFixedLengthStreamingMode(content.length);
        put.getOutputStream().write(content);
        say("import.transfer", offer.getTransfer());
        say("import.state", offer.getState());
        say("import.method", put.getRequestMethod());
        say("put.status", put.getResponseCode());

        // wait
        Transfer transfer;
        do {
            transfer = manager.getTransfer(new GetTransfer(offer.getTransfer())).getTransfer();
        } while (!transfer.getState().equals("COMPLETED"));
        say("transfer.state", transfer.getState());
        say("transfer.size", transfer.getReceipt().getSize());

        // node, dates
        Node node = manager.getNode(new GetNode(home + "/" + folderName + "/query-7.vot", null))[0];
        say("node", node.getIdentifier());
        say("node.size", node.getSize());
        say("node.version", node.getVersion());
        say("node.type", node.getContentType());
        for (Digest digest : node.getDigest())
            if (digest.getAlgorithm().equals("sha-256")) say("node.sha-256", digest.getValue());
        say("node.created", utc(node.getCreated()));
        say("node.modified", utc(node.getModified()));

        // fetch
        Endpoint from = manager.exportInit(new ExportInit(file, null)).getTransfer().getEndpoint(0);
        HttpURLConnection get = open(from);
        say("export.method", get.getRequestMethod());
        say("get.status", get.getResponseCode());
        try (InputStream stream = get.getInputStream()) {
            Files.copy(stream, Path.of(arguments[5]));
        }

        // names
        String star = "é 星 🌟.txt";
        manager.addNode(adding(folder, star, "FILE", "naïve 星 🌟"));
        String encoded = URLEncoder.encode(star, StandardCharsets.UTF_8).replace("+", "%20");
        Node named = manager.getNode(new GetNode(home + "/" + folderName + "/" + encoded, null))[0];
        say("names.node", named.getIdentifier());
        say("names.name", named.getName());
        say("names.note", propertyOf(named, "note"));

        // large
        say("large.size", manager.getNode(new GetNode(home + "/archive/big.dat", null))[0].getSize());

        // bundle
        Node[] bundle = manager.getNode(new GetNode(home + "/hundred", new BundleHints(1L, 99L, null)));
        say("bundle.count", bundle.length);
        say("bundle.first", bundle[0].getName());
        for (int each = 1; each < bundle.length; each++) say("bundle.name", bundle[each].getName());

        // faults
        reportFault("missing", () -> manager.getNode(new GetNode(home + "/" + folderName + "/nothing", null)));
        reportFault("twice", () -> manager.addNode(adding(folder, "query-7.vot", "FILE", null)));
        importing.setNode(folder);
        reportFault("kind", () -> manager.importInit(importing));

        // bad input: no stub takes a text for a number or leaves out what must be there, a document does
        Call call = (Call) locator.createCall();
        call.setTargetEndpointAddress(address);
        call.setUsername(arguments[1]);
        call.setPassword(arguments[2]);
        reportUntyped("type", () -> send(call, "importInit", "<node>" + file + "</node><size>many</size>"));
        reportUntyped("element", () -> send(call, "addNode", "<parent>" + folder + "</parent><type>FILE</type>"));
    }

    private static AddNode adding(String parent, String name, String type, String note) {
        Property[] properties = note == null ? null : new Property[] {new Property("note", note)};
        return new AddNode(parent, name, type, properties, null);
    }

    private static HttpURLConnection open(Endpoint endpoint) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) new URL(endpoint.getUrl()).openConnection();
        connection.setRequestMethod(endpoint.getMethod());
        if (endpoint.getHeader() != null)
            for (Header header : endpoint.getHeader()) connection.setRequestProperty(header.getName(), header.getValue());
        return connection;
    }

    private static String propertyOf(Node node, String key) {
        for (Property property : node.getProperty()) if (property.getKey().equals(key)) return property.getValue();
        return null;
    }

    private static String utc(Calendar instant) {
        SimpleDateFormat format = new SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'");
        format.setTimeZone(TimeZone.getTimeZone("UTC"));
        return format.format(instant.getTime());
    }

    private static Object send(Call call, String operation, String content) throws Exception {
        String text = "<" + operation + " xmlns='" + NAMESPACE + "'>" + content + "</" + operation + ">";
        return call.invoke(new Object[] {new SOAPBodyElement(XMLUtils.newDocument(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8))).getDocumentElement())});
    }

    private static void reportFault(String key, Callable<?> call) throws Exception {
        try {
            call.call();
        } catch (NotFoundFault | ConflictFault | WrongKindFault fault) {
            say(key, fault.getClass().getSimpleName().replace("Fault", ""));
            say(key + ".name", fault.getName());
            say(key + ".message", fault.getMessage1());
        }
    }

    /** Of a call without stubs nothing is known but the document. */
    private static void reportUntyped(String key, Callable<?> call) throws Exception {
        try {
            call.call();
        } catch (AxisFault fault) {
            Element detail = fault.getFaultDetails()[0];
            say(key, detail.getLocalName());
            say(key + ".name", textOf(detail, "name"));
            say(key + ".message", textOf(detail, "message"));
        }
    }

    private static String textOf(Element parent, String name) {
        return parent.getElementsByTagNameNS(NAMESPACE, name).item(0).getTextContent();
    }

    private static void say(String key, Object value) {
        out.println(key + " " + value);
    }
}
