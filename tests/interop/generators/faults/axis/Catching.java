import java.io.PrintStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

import vofiles.*;

/** Catches faults with Axis 1.4: {@code java Catching ADDRESS CONTRACT USER PASSWORD CASES} (../README.md). */
public class Catching {
    private static FileManagerSoapStub manager;

    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        manager = (FileManagerSoapStub) new FileManagerServiceLocator().getFileManager(new URL(arguments[0]));
        manager.setUsername(arguments[2]);
        manager.setPassword(arguments[3]);
        for (String line : Files.readAllLines(Path.of(arguments[4]))) {
            out.println(told(line.split("\t", -1)));
        }
    }

    private static String told(String[] words) throws Exception {
        try {
            Node node = call(words);
            String algorithms = Arrays.stream(node.getDigest()).map(Digest::getAlgorithm).collect(Collectors.joining(","));
            return line("Node", node.getType(), algorithms, node.getProperty());
        } catch (NotFoundFault fault) {
            return line("NotFoundFault", fault);
        } catch (ConflictFault fault) {
            return line("ConflictFault", fault);
        } catch (WrongKindFault fault) {
            return line("WrongKindFault", fault);
        } catch (RefusedFault fault) {
            return line("RefusedFault", fault);
        } catch (InvalidFault fault) {
            return line("InvalidFault", fault);
        } catch (DamagedFault fault) {
            return line("DamagedFault", fault);
        } catch (UnreachableFault fault) {
            return line("UnreachableFault", fault);
        } catch (UnexpectedFault fault) {
            return line("UnexpectedFault", fault);
        }
    }

    private static Node call(String[] words) throws Exception {
        switch (words[0]) {
            case "getNode":
                return manager.getNode(new GetNode(words[1], null))[0];
            case "listChildren":
                ListChildren listing = new ListChildren();
                listing.setNode(words[1]);
                return manager.listChildren(listing).getNode(0);
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
                SetProperties setting = new SetProperties();
                setting.setNode(words[1]);
                setting.setIfGeneration(Long.valueOf(words[2]));
                setting.setProperty(new Property[] {new Property(words[3], words[4])});
                return manager.setProperties(setting).getNode();
        }
    }

    private static String line(String kind, FaultDetail fault) {
        return line(kind, fault.getName(), fault.getMessage1(), fault.getProperty());
    }

    private static String line(String kind, String name, String rest, Property[] properties) {
        StringBuilder line = new StringBuilder(String.join("\t", kind, name, rest));
        for (Property each : properties == null ? new Property[0] : properties) {
            line.append('\t').append(each.getKey()).append('=').append(each.getValue());
        }
        return line.toString();
    }
}
