import java.net.URL;

import org.apache.axis.types.NMToken;
import org.apache.axis.types.URI;
import org.astrogrid.filemanager.common.*;

/** By stubs such as the clients of AstroGrid have them: another namespace, and wrapped operations (spoken.py). */
class Spoken extends Job {
    private final FileManagerBindingStub manager;

    private Spoken(String address, String user, String password) throws Exception {
        manager = (FileManagerBindingStub) new FileManagerLocator().getFileManagerPort(new URL(address));
        manager.setUsername(user);
        manager.setPassword(password);
    }

    public static void main(String[] arguments) throws Exception {
        Job operator = new Spoken(arguments[0], arguments[6], arguments[7]);
        new Spoken(arguments[0], arguments[1], arguments[2]).run(operator, arguments);
    }

    @Override
    String namespace() {
        return "urn:astrogrid:schema:filemanager:FileManager:v0.1";
    }

    @Override
    URI getIdentifier() throws Exception {
        return manager.getIdentifier();
    }

    @Override
    Node[] addAccount(URI account) throws Exception {
        return manager.addAccount(account, null);
    }

    @Override
    Node[] getAccount(URI account, BundlePreferences hints) throws Exception {
        return manager.getAccount(account, hints);
    }

    @Override
    Node[] getNode(URI node, BundlePreferences hints) throws Exception {
        return manager.getNode(node, hints);
    }

    @Override
    Node[] addNode(URI parent, NMToken name, NodeTypes type) throws Exception {
        return manager.addNode(parent, name, type);
    }

    @Override
    Node[] refresh(URI node) throws Exception {
        return manager.refresh(node, null);
    }

    @Override
    Node[] copy(URI node, URI parent, NMToken name) throws Exception {
        return manager.copy(node, parent, name, null);
    }

    @Override
    Node[] move(URI node, URI parent, NMToken name) throws Exception {
        return manager.move(node, parent, name, null);
    }

    @Override
    Node[] delete(URI node) throws Exception {
        return manager.delete(node);
    }

    @Override
    TransferInfo writeContent(URI node) throws Exception {
        return manager.writeContent(node);
    }

    @Override
    TransferInfo appendContent(URI node) throws Exception {
        return manager.appendContent(node);
    }

    @Override
    TransferInfo readContent(URI node) throws Exception {
        return manager.readContent(node);
    }
}
