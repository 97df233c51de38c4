import java.io.OutputStream;
import java.net.*;
import java.nio.file.*;
import vofiles.*;

public class Recipe {
    public static void main(String[] arguments) throws Exception {
        Path path = Path.of(arguments[3]);
        FileManagerSoapStub manager = (FileManagerSoapStub) new FileManagerServiceLocator().getFileManager(new URL(arguments[0]));
        manager.setUsername(arguments[1]);
        manager.setPassword(arguments[2]);
        String home = manager.getAccount(new GetAccount()).getAccount().getHome();
        String file = manager.addNode(new AddNode(home, path.getFileName().toString(), "FILE", null, null)).getNode().getIdentifier();
        URL to = new URL(manager.importInit(new ImportInit(file, null, null, null, null, null, null, null)).getTransfer().getEndpoint(0).getUrl());
        HttpURLConnection put = (HttpURLConnection) to.openConnection();
        put.setRequestMethod("PUT");
        put.setDoOutput(true);
        Files.copy(path, put.getOutputStream());
        if (put.getResponseCode() / 100 != 2) throw new IllegalStateException(put.getResponseMessage());
        URL from = new URL(manager.exportInit(new ExportInit(file, null)).getTransfer().getEndpoint(0).getUrl());
        from.openStream().transferTo(System.out);
        System.out.flush();
    }
}
