package io.akkord.actors.security;

import io.akkord.model.UserError;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.IPAddress;

/**
 * A private certificate authority that signs the nodes of one cluster. Its own key is EC P-256; a
 * node's is RSA of 3072 bits, because Artery reads no other from PEM.
 *
 * @param certificate of the authority, signed by itself
 * @param key its secret
 */
record Issuer(X509Certificate certificate, PrivateKey key) {
  static final Duration CA_VALIDITY = Duration.ofDays(3650);
  static final Duration NODE_VALIDITY = Duration.ofDays(365);

  /** In every node's certificate: Artery wants one name that both sides have. */
  static final String COMMON_NAME = "akkord-cluster";

  /** How far the clock of a machine may be behind that of the one that signed. */
  private static final Duration CLOCK_SKEW = Duration.ofMinutes(5);

  private static final int NODE_KEY_BITS = 3072;
  private static final int SERIAL_BITS = 127;
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Pattern DNS_NAME =
      Pattern.compile(
          "(?=.{1,253}$)(\\*\\.)?[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*");

  /**
   * A certificate with its secret.
   *
   * @param certificate signed by the authority
   * @param key unencrypted
   */
  record Pair(X509Certificate certificate, PrivateKey key) {}

  /** A new authority, valid for {@link #CA_VALIDITY}. */
  static Issuer create(Instant now) throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"), RANDOM);
    KeyPair pair = generator.generateKeyPair();
    BigInteger serial = serial();
    // Two clusters' authorities must not look alike in a log.
    String tag = HexFormat.of().toHexDigits(serial.intValue());
    X500Name name = new X500Name("CN=Akkord cluster CA " + tag);
    try {
      JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
      X509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
                  name,
                  serial,
                  Date.from(now.minus(CLOCK_SKEW)),
                  Date.from(now.plus(CA_VALIDITY)),
                  name,
                  pair.getPublic())
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
              .addExtension(
                  Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
              .addExtension(
                  Extension.subjectKeyIdentifier,
                  false,
                  extensions.createSubjectKeyIdentifier(pair.getPublic()));
      return new Issuer(sign(builder, pair.getPrivate()), pair.getPrivate());
    } catch (IOException e) {
      throw new GeneralSecurityException(e);
    }
  }

  /**
   * A new key with a certificate for both ends of a connection, valid for {@link #NODE_VALIDITY}
   * but not longer than the authority's.
   *
   * @param hosts DNS names and addresses under which others reach the node
   * @throws UserError when one of them is neither
   */
  Pair node(String name, List<String> hosts, Instant now) throws GeneralSecurityException {
    GeneralNames names = names(hosts);
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(NODE_KEY_BITS, RANDOM);
    KeyPair pair = generator.generateKeyPair();
    return new Pair(certify(name, names, pair.getPublic(), now), pair.getPrivate());
  }

  private X509Certificate certify(String name, GeneralNames names, PublicKey known, Instant now)
      throws GeneralSecurityException {
    Instant end = now.plus(NODE_VALIDITY);
    Instant last = certificate.getNotAfter().toInstant();
    try {
      JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
      X509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
                  X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded()),
                  serial(),
                  Date.from(now.minus(CLOCK_SKEW)),
                  Date.from(end.isBefore(last) ? end : last),
                  new X500Name("CN=" + name),
                  known)
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
              .addExtension(
                  Extension.keyUsage,
                  true,
                  new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyEncipherment))
              .addExtension(
                  Extension.extendedKeyUsage,
                  false,
                  new ExtendedKeyUsage(
                      new KeyPurposeId[] {
                        KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
                      }))
              .addExtension(Extension.subjectAlternativeName, false, names)
              .addExtension(
                  Extension.subjectKeyIdentifier,
                  false,
                  extensions.createSubjectKeyIdentifier(known))
              .addExtension(
                  Extension.authorityKeyIdentifier,
                  false,
                  extensions.createAuthorityKeyIdentifier(certificate.getPublicKey()));
      return sign(builder, key);
    } catch (IOException e) {
      throw new GeneralSecurityException(e);
    }
  }

  private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key)
      throws GeneralSecurityException {
    String algorithm = key.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA";
    try {
      return new JcaX509CertificateConverter()
          .getCertificate(builder.build(new JcaContentSignerBuilder(algorithm).build(key)));
    } catch (OperatorCreationException e) {
      throw new GeneralSecurityException(e);
    }
  }

  static GeneralNames names(List<String> hosts) {
    List<GeneralName> names = new ArrayList<>();
    names.add(new GeneralName(GeneralName.dNSName, COMMON_NAME));
    for (String host : hosts) {
      if (IPAddress.isValid(host)) {
        names.add(new GeneralName(GeneralName.iPAddress, host));
      } else if (DNS_NAME.matcher(host).matches() && !host.matches("[0-9.]+")) {
        names.add(new GeneralName(GeneralName.dNSName, host));
      } else {
        throw new UserError(
            "--host %s: neither a DNS name (letters, digits, hyphens, dots) nor an IPv4 or IPv6 address; leave out ports and schemes"
                .formatted(host));
      }
    }
    return new GeneralNames(names.toArray(GeneralName[]::new));
  }

  private static BigInteger serial() {
    return new BigInteger(SERIAL_BITS, RANDOM).setBit(SERIAL_BITS - 1);
  }
}
