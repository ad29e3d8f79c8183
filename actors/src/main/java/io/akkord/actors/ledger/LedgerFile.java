package io.akkord.actors.ledger;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import io.akkord.model.UserError;
import io.akkord.proto.LedgerImage;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** {@code ledger.bin}: a whole ledger in one file. */
public final class LedgerFile {
  /** The newest format this build writes, and the only one it reads. */
  public static final int FORMAT = 1;

  private LedgerFile() {}

  /** Writes the image; the caller forces it to disk. */
  public static void write(Path file, LedgerImage image) throws IOException {
    try (OutputStream out =
        new BufferedOutputStream(Files.newOutputStream(file), buffer(image.getSerializedSize()))) {
      image.writeTo(out);
    }
  }

  private static int buffer(long bytes) {
    return (int) Math.max(1, Math.min(bytes, 1 << 20));
  }

  /** Reads an image back; a missing, damaged or newer file is a {@link UserError}. */
  public static LedgerImage read(Path file) {
    try (InputStream in =
        new BufferedInputStream(Files.newInputStream(file), buffer(Files.size(file)))) {
      CodedInputStream coded = CodedInputStream.newInstance(in);
      coded.setSizeLimit(Integer.MAX_VALUE);
      LedgerImage image = LedgerImage.parseFrom(coded);
      if (image.getFormat() != FORMAT) {
        throw new UserError(
            file
                + ": ledger format "
                + image.getFormat()
                + ", this build reads "
                + FORMAT
                + ". Use the Akkord version that wrote it.");
      }
      return image;
    } catch (InvalidProtocolBufferException e) {
      throw new UserError(
          file + ": not a whole ledger file (" + e.getMessage() + "). Use an older checkpoint.", e);
    } catch (NoSuchFileException e) {
      throw new UserError(file + ": no such ledger file. Use another checkpoint.", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
