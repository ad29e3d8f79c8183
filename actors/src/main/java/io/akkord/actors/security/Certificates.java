package io.akkord.actors.security;

import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The certificates of one cluster in a folder: a private authority ({@code ca.pem}, {@code
 * ca-key.pem}) and the first node's pair ({@code node.pem}, {@code node-key.pem}); below it one
 * folder for each further node, whole and ready to be copied to its machine.
 */
public final class Certificates {
  static final String CA = "ca.pem";
  static final String CA_KEY = "ca-key.pem";
  static final String NODE = "node.pem";
  static final String NODE_KEY = "node-key.pem";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  private static final String MAKE = "Make it with: akkord certs init DIR";

  private final Path folder;
  private final Clock clock;

  /** The certificates in {@code folder}, dated by {@code clock}. */
  public Certificates(Path folder, Clock clock) {
    this.folder = folder;
    this.clock = clock;
  }

  /**
   * What a certificate says.
   *
   * @param file where it is
   * @param subject whose it is
   * @param names DNS names and addresses; empty for the authority
   * @param notAfter the end of its validity
   * @param expired whether that is over
   * @param sha256 fingerprint: upper-case hex bytes between colons
   */
  public record Shown(
      Path file,
      String subject,
      List<String> names,
      Instant notAfter,
      boolean expired,
      String sha256) {}

  /**
   * Makes the authority and the first node's pair.
   *
   * @param hosts DNS names and addresses of the first node
   * @throws UserError when one of the four files is there already
   */
  public void init(List<String> hosts) {
    for (String name : List.of(CA, CA_KEY, NODE, NODE_KEY)) {
      Path file = folder.resolve(name);
      if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        throw new UserError(
            "%s is there already, and nothing is written over it: all nodes trust the authority they have. For one more node: akkord certs node %s NAME --host HOST. For a new cluster, name another folder."
                .formatted(file, folder));
      }
    }
    try {
      Issuer issuer = Issuer.create(clock.instant());
      Issuer.Pair node = issuer.node("node", hosts, clock.instant());
      SecretFiles.createFolder(folder);
      SecretFiles.writeSecret(folder.resolve(CA_KEY), Pem.of(issuer.key()));
      write(folder, issuer.certificate(), node);
    } catch (GeneralSecurityException | IOException e) {
      throw notWritten(folder, e);
    }
  }

  /**
   * Makes a further node's folder, signed by the authority: {@code ca.pem}, {@code node.pem},
   * {@code node-key.pem}.
   *
   * @return the folder, to be copied to that machine
   * @throws UserError when the authority's key is not here or the node has a folder already
   */
  public Path node(String name, List<String> hosts) {
    if (!NAME.matcher(name).matches()) {
      throw new UserError(
          "%s: a node's name has 1 to 64 letters, digits, dots, hyphens and underscores and begins with a letter or a digit"
              .formatted(name));
    }
    Path caFile = folder.resolve(CA);
    X509Certificate ca = Pem.certificate(caFile, MAKE);
    requireValid(caFile, ca, clock.instant());
    PrivateKey key =
        Pem.key(
            folder.resolve(CA_KEY),
            ca,
            caFile,
            "Only the folder that `akkord certs init` made can sign further nodes.");
    Path target = folder.resolve(name);
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new UserError(
          "%s is there already, and nothing is written over it. Choose another name, or remove it when no machine needs it any more."
              .formatted(target));
    }
    try {
      Issuer.Pair node = new Issuer(ca, key).node(name, hosts, clock.instant());
      SecretFiles.createFolder(target);
      write(target, ca, node);
      return target;
    } catch (GeneralSecurityException | IOException e) {
      throw notWritten(target, e);
    }
  }

  private static void write(Path target, X509Certificate ca, Issuer.Pair node)
      throws IOException, GeneralSecurityException {
    SecretFiles.writePublic(target.resolve(CA), Pem.of(ca));
    SecretFiles.writeSecret(target.resolve(NODE_KEY), Pem.of(node.key()));
    SecretFiles.writePublic(target.resolve(NODE), Pem.of(node.certificate()));
  }

  private static UserError notWritten(Path target, Exception e) {
    if (e instanceof FileAlreadyExistsException) {
      return new UserError(
          "%s appeared while the certificates were made; it was left as it is. Try again."
              .formatted(e.getMessage()),
          e);
    }
    return new UserError(
        "%s: the certificates cannot be written (%s). Name a folder that this user can write to; remove what is half there."
            .formatted(target, e),
        e);
  }

  /** The authority, the first node and all further nodes, by name. */
  public List<Shown> show() {
    List<Shown> shown = new ArrayList<>();
    shown.add(shown(folder.resolve(CA)));
    List<Path> nodes = new ArrayList<>();
    nodes.add(folder.resolve(NODE));
    try (Stream<Path> below = Files.list(folder)) {
      below.sorted().map(path -> path.resolve(NODE)).forEach(nodes::add);
    } catch (IOException e) {
      throw new UserError(
          "%s cannot be listed (%s). Make it a folder that this user can read."
              .formatted(folder, e),
          e);
    }
    nodes.stream().filter(Files::isRegularFile).map(this::shown).forEach(shown::add);
    return shown;
  }

  private Shown shown(Path file) {
    X509Certificate certificate = Pem.certificate(file, MAKE);
    Instant notAfter = certificate.getNotAfter().toInstant();
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
      Collection<List<?>> names = certificate.getSubjectAlternativeNames();
      return new Shown(
          file,
          certificate.getSubjectX500Principal().getName(),
          names == null ? List.of() : names.stream().map(n -> String.valueOf(n.get(1))).toList(),
          notAfter,
          notAfter.isBefore(clock.instant()),
          HexFormat.ofDelimiter(":").formatHex(digest).toUpperCase(Locale.ROOT));
    } catch (GeneralSecurityException e) {
      throw new UserError("%s: this certificate cannot be read. %s".formatted(file, MAKE), e);
    }
  }

  static void requireValid(Path file, X509Certificate certificate, Instant now) {
    Instant begin = certificate.getNotBefore().toInstant();
    Instant end = certificate.getNotAfter().toInstant();
    if (now.isAfter(end)) {
      throw new UserError(
          "%s: this certificate expired at %s. Make a new one: akkord certs node DIR NAME --host HOST, or akkord certs init when the authority's own has expired."
              .formatted(file, end));
    }
    if (now.isBefore(begin)) {
      throw new UserError(
          "%s: this certificate is valid from %s, and this machine's clock says %s. Set the clock."
              .formatted(file, begin, now));
    }
  }
}
