package io.akkord.deploy.bench;

import io.akkord.model.UserError;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** PyTorch eager in a child process that runs so many steps when told to. */
final class PyTorchPeer implements AutoCloseable {
  private final Process process;
  private final BufferedReader answers;
  private final PrintWriter requests;
  private final String version;

  private PyTorchPeer(Process process) throws IOException {
    this.process = process;
    this.answers =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    this.requests = new PrintWriter(process.getOutputStream(), true, StandardCharsets.UTF_8);
    String[] ready = answer("ready").split(" ");
    this.version = ready[2];
  }

  static PyTorchPeer start(String python, Path script, int threads) {
    try {
      return new PyTorchPeer(
          new ProcessBuilder(python, script.toString(), "--threads", "" + threads)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start());
    } catch (IOException e) {
      throw new UserError(
          "the peer could not be started with '%s %s' (%s); it needs pip install torch, or leave --peer out"
              .formatted(python, script, e.getMessage()),
          e);
    }
  }

  String version() {
    return version;
  }

  double seconds(int steps) {
    requests.println("steps " + steps);
    try {
      return Double.parseDouble(answer("seconds").split(" ")[1]);
    } catch (IOException e) {
      throw new UserError("the PyTorch peer stopped: " + e.getMessage(), e);
    }
  }

  private String answer(String expected) throws IOException {
    String line = answers.readLine();
    if (line == null || !line.startsWith(expected)) {
      throw new IOException("expected '" + expected + " …', got '" + line + "'");
    }
    return line;
  }

  @Override
  public void close() {
    requests.close();
    process.destroy();
  }
}
