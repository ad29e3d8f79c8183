package io.akkord.actors.security;

import io.akkord.model.UserError;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Certificates and PKCS#8 keys as PEM text. */
final class Pem {
  private static final Base64.Encoder BASE64 =
      Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII));
  private static final Pattern PKCS8 =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----");

  private Pem() {}

  static String of(X509Certificate certificate) throws GeneralSecurityException {
    return block("CERTIFICATE", certificate.getEncoded());
  }

  static String of(PrivateKey key) {
    return block("PRIVATE KEY", key.getEncoded());
  }

  private static String block(String label, byte[] der) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(label, BASE64.encodeToString(der), label);
  }

  /** The first certificate in a file. */
  static X509Certificate certificate(Path file, String remedy) {
    String text = SecretFiles.read(file, "certificate", remedy);
    try {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(
                  new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1)));
    } catch (CertificateException e) {
      throw new UserError("%s: this is no certificate in PEM form. %s".formatted(file, remedy), e);
    }
  }

  /** The private key that belongs to a certificate. */
  static PrivateKey key(Path file, X509Certificate certificate, Path at, String remedy) {
    Matcher pem = PKCS8.matcher(SecretFiles.readSecret(file, "private key", remedy));
    if (!pem.find()) {
      throw new UserError(
          "%s: this is no unencrypted PKCS#8 key (no line `-----BEGIN PRIVATE KEY-----`). Write it so: openssl pkcs8 -topk8 -nocrypt -in OLD -out %s"
              .formatted(file, file.getFileName()));
    }
    try {
      byte[] der = Base64.getMimeDecoder().decode(pem.group(1));
      PrivateKey key =
          KeyFactory.getInstance(certificate.getPublicKey().getAlgorithm())
              .generatePrivate(new PKCS8EncodedKeySpec(der));
      if (belongTogether(key, certificate.getPublicKey())) {
        return key;
      }
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new UserError(notOf(file, at, remedy), e);
    }
    throw new UserError(notOf(file, at, remedy));
  }

  private static String notOf(Path file, Path at, String remedy) {
    return "%s: this private key is not the one of the certificate in %s. %s"
        .formatted(file, at, remedy);
  }

  private static boolean belongTogether(PrivateKey secret, PublicKey known)
      throws GeneralSecurityException {
    String algorithm = known.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA";
    byte[] challenge = "the same pair?".getBytes(StandardCharsets.US_ASCII);
    Signature signature = Signature.getInstance(algorithm);
    signature.initSign(secret);
    signature.update(challenge);
    byte[] signed = signature.sign();
    signature.initVerify(known);
    signature.update(challenge);
    return signature.verify(signed);
  }
}
