import java.io.PrintStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import javax.xml.ws.BindingProvider;

import vofiles.*;

/** Catches faults with JAX-WS: {@code java Catching ADDRESS CONTRACT USER PASSWORD CASES} (../README.md). */
public class Catching {
    private static FileManager manager;

    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        manager = new FileManagerService(Path.of(arguments[1]).toUri().toURL()).getFileManager();
        Map<String, Object> context = ((BindingProvider) manager).getRequestContext();
        context.put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, arguments[0]);
        context.put(BindingProvider.USERNAME_PROPERTY, arguments[2]);
        context.put(BindingProvider.PASSWORD_PROPERTY, arguments[3]);
        for (String line : Files.readAllLines(Path.of(arguments[4]))) {
            out.println(told(line.split("\t", -1)));
        }
    }

    private static String told(String[] words) throws Exception {
        try {
            Node node = call(words);
            String algorithms = node.getDigest().stream().map(Digest::getAlgorithm).collect(Collectors.joining(","));
            return line("Node", node.getType(), algorithms, node.getProperty());
        } catch (NotFound fault) {
            return line(fault.getFaultInfo());
        } catch (Conflict fault) {
            return line(fault.getFaultInfo());
        } catch (WrongKind fault) {
            return line(fault.getFaultInfo());
        } catch (Refused fault) {
            return line(fault.getFaultInfo());
        } catch (Invalid fault) {
            return line(fault.getFaultInfo());
        } catch (Damaged fault) {
            return line(fault.getFaultInfo());
        } catch (Unreachable fault) {
            return line(fault.getFaultInfo());
        } catch (Unexpected fault) {
            return line(fault.getFaultInfo());
        }
    }

    private static Node call(String[] words) throws Exception {
        switch (words[0]) {
            case "getNode":
                GetNode getting = new GetNode();
                getting.setNode(words[1]);
                return manager.getNode(getting).getNode().get(0);
            case "listChildren":
                ListChildren listing = new ListChildren();
                listing.setNode(words[1]);
                return manager.listChildren(listing).getNode().get(0);
            case "importInit":
                ImportInit beginning = new ImportInit();
                beginning.setNode(words[1]);
                beginning.setStore(words[2]);
                return manager.importInit(beginning).getNode();
            case "importData":
                ImportData fetching = new ImportData();
                fetching.setNode(words[1]);
                fetching.setUrl(words[2]);
                fetching.setSize(Long.valueOf(words[3]));
                return manager.importData(fetching).getNode();
            default:
                Property property = new Property();
                property.setKey(words[3]);
                property.setValue(words[4]);
                SetProperties setting = new SetProperties();
                setting.setNode(words[1]);
                setting.setIfGeneration(Long.valueOf(words[2]));
                setting.getProperty().add(property);
                return manager.setProperties(setting).getNode();
        }
    }

    private static String line(FaultDetail fault) {
        return line(fault.getClass().getSimpleName(), fault.getName(), fault.getMessage(), fault.getProperty());
    }

    private static String line(String kind, String name, String rest, List<Property> properties) {
        StringBuilder line = new StringBuilder(String.join("\t", kind, name, rest));
        for (Property each : properties) {
            line.append('\t').append(each.getKey()).append('=').append(each.getValue());
        }
        return line.toString();
    }
}
