package io.akkord.actors.content;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Another process of the host: writes the first two chunks of a file, then waits to be killed. */
final class ContentProcess {
  private ContentProcess() {}

  public static void main(String[] args) throws Exception {
    Path file = Path.of(args[1]);
    ContentManifest manifest =
        ContentScan.named(
            file.getParent(), List.of(file.getFileName().toString()), new ContentHashes(), n -> {});
    ContentManifest hidden = new ContentManifest(manifest.id(), "/nowhere", manifest.files());
    int chunk = Integer.parseInt(args[2]);
    byte[] bytes = Files.readAllBytes(file);
    ContentSession session =
        new ContentSession(
            new ContentStore(Path.of(args[0]), folder -> Long.MAX_VALUE, false), hidden, chunk);
    session.survey();
    session.begin(0);
    session.write(0, 0, ByteBuffer.wrap(bytes, 0, chunk));
    session.write(0, 1, ByteBuffer.wrap(bytes, chunk, chunk));
    System.out.println("written");
    System.in.read();
  }
}
