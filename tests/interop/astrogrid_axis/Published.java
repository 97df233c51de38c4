import java.net.URL;

import org.apache.axis.types.NMToken;
import org.apache.axis.types.URI;
import org.astrogrid.filemanager.common.*;

/** By stubs of the contract as it is published. */
class Published extends Job {
    private final FileManagerBindingStub manager;

    private Published(String address, String user, String password) throws Exception {
        manager = (FileManagerBindingStub) new FileManagerLocator().getFileManagerPort(new URL(address));
        manager.setUsername(user);
        manager.setPassword(password);
    }

    public static void main(String[] arguments) throws Exception {
        Job operator = new Published(arguments[0], arguments[6], arguments[7]);
        new Published(arguments[0], arguments[1], arguments[2]).run(operator, arguments);
    }

    @Override
    String namespace() {
        return "urn:astrogrid:schema:vo-space:FileManager:v0.2";
    }

    @Override
    URI getIdentifier() throws Exception {
        return manager.getIdentifier();
    }

    @Override
    Node[] addAccount(URI account) throws Exception {
        return manager.addAccount(new AddAccount(account, null)).getNode();
    }

    @Override
    Node[] getAccount(URI account, BundlePreferences hints) throws Exception {
        return manager.getAccount(new GetAccount(account, hints)).getNode();
    }

    @Override
    Node[] getNode(URI node, BundlePreferences hints) throws Exception {
        return manager.getNode(new GetNode(node, hints)).getNode();
    }

    @Override
    Node[] addNode(URI parent, NMToken name, NodeTypes type) throws Exception {
        return manager.addNode(new AddNode(parent, name, type)).getNode();
    }

    @Override
    Node[] refresh(URI node) throws Exception {
        return manager.refresh(new Refresh(node, null)).getNode();
    }

    @Override
    Node[] copy(URI node, URI parent, NMToken name) throws Exception {
        return manager.copy(new Copy(node, parent, name, null)).getNode();
    }

    @Override
    Node[] move(URI node, URI parent, NMToken name) throws Exception {
        return manager.move(new Move(node, parent, name, null)).getNode();
    }

    @Override
    Node[] delete(URI node) throws Exception {
        return manager.delete(new Delete(node)).getNode();
    }

    @Override
    TransferInfo writeContent(URI node) throws Exception {
        return manager.writeContent(new WriteContent(node));
    }

    @Override
    TransferInfo appendContent(URI node) throws Exception {
        return manager.appendContent(new AppendContent(node));
    }

    @Override
    TransferInfo readContent(URI node) throws Exception {
        return manager.readContent(new ReadContent(node));
    }
}
