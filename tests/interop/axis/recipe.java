import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import vofiles.*;

class Recipe {
    public static void main(String[] arguments) throws Exception {
        Path path = Path.of(arguments[3]);
        FileManagerSoapStub manager = (FileManagerSoapStub) new FileManagerServiceLocator().getFileManager(new java.net.URL(arguments[0]));
        manager.setUsername(arguments[1]);
        manager.setPassword(arguments[2]);
        String home = manager.getAccount(new GetAccount()).getAccount().getHome();
        String file = manager.addNode(new AddNode(home, path.getFileName().toString(), "FILE", null, null)).getNode().getIdentifier();
        URI to = URI.create(manager.importInit(new ImportInit(file, null, null, null, null, null, null, null)).getTransfer().getEndpoint(0).getUrl());
        HttpRequest put = HttpRequest.newBuilder(to).PUT(HttpRequest.BodyPublishers.ofFile(path)).build();
        if (HttpClient.newHttpClient().send(put, BodyHandlers.discarding()).statusCode() != 201) throw new IllegalStateException();
        URI from = URI.create(manager.exportInit(new ExportInit(file, null)).getTransfer().getEndpoint(0).getUrl());
        HttpClient.newHttpClient().send(HttpRequest.newBuilder(from).build(), BodyHandlers.ofInputStream()).body().transferTo(System.out);
    }
}
