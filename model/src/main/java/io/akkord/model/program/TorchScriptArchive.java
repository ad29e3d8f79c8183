package io.akkord.model.program;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Packs program text into the archive that libtorch loads: a zip of stored entries with the code
 * and a pickled module that has no state but its mode. Parameters never live in the archive; they
 * come in as arguments.
 */
public final class TorchScriptArchive {
  private static final String ROOT = "program/";

  private TorchScriptArchive() {}

  /**
   * The archive of a program.
   *
   * @param className the class that the text defines
   * @param code text in TorchScript's serialised dialect
   */
  public static byte[] of(String className, String code) {
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
        put(zip, "data.pkl", module(className));
        put(zip, "code/__torch__.py", code.getBytes(StandardCharsets.UTF_8));
        put(zip, "constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
        put(zip, "version", "3\n".getBytes(StandardCharsets.US_ASCII));
      }
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Pickle protocol 2 of an instance of the class with the one attribute {@code training = True}.
   */
  private static byte[] module(String className) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.write(new byte[] {(byte) 0x80, 2});
    out.writeBytes("c__torch__\n" + className + "\n");
    out.writeBytes(")\u0081}(");
    out.writeByte('X');
    byte[] key = "training".getBytes(StandardCharsets.UTF_8);
    out.writeInt(Integer.reverseBytes(key.length));
    out.write(key);
    out.writeByte(0x88);
    out.writeBytes("ub.");
    return bytes.toByteArray();
  }

  private static void put(ZipOutputStream zip, String name, byte[] data) throws IOException {
    ZipEntry entry = new ZipEntry(ROOT + name);
    CRC32 crc = new CRC32();
    crc.update(data);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(data.length);
    entry.setCompressedSize(data.length);
    entry.setCrc(crc.getValue());
    entry.setTime(0);
    zip.putNextEntry(entry);
    zip.write(data);
    zip.closeEntry();
  }
}
