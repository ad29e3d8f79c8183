package io.akkord.model.data;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.zip.GZIPInputStream;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.compression.CompressionCodecFactory;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.xerial.snappy.Snappy;

/** The compressions that Parquet files of demonstrations come in, without Hadoop's codecs. */
final class ParquetCodecs implements CompressionCodecFactory {

  /** Bytes of a page to the bytes in it. */
  private interface Codec {
    byte[] unpack(byte[] packed, int size) throws IOException;
  }

  @Override
  public BytesInputDecompressor getDecompressor(CompressionCodecName name) {
    return switch (name) {
      case UNCOMPRESSED -> new Unpacker((packed, size) -> packed);
      case SNAPPY -> new Unpacker((packed, size) -> Snappy.uncompress(packed));
      case ZSTD -> new Unpacker(Zstd::decompress);
      case GZIP ->
          new Unpacker(
              (packed, size) -> {
                try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(packed))) {
                  return in.readNBytes(size);
                }
              });
      default ->
          throw new IllegalArgumentException(
              "it is compressed with %s; write it with snappy, zstd, gzip or none".formatted(name));
    };
  }

  @Override
  public BytesInputCompressor getCompressor(CompressionCodecName name) {
    throw new UnsupportedOperationException("Parquet is read, never written");
  }

  @Override
  public void release() {
    // Nothing is kept between pages.
  }

  private record Unpacker(Codec codec) implements BytesInputDecompressor {
    @Override
    public BytesInput decompress(BytesInput bytes, int size) throws IOException {
      return BytesInput.from(codec.unpack(bytes.toByteArray(), size));
    }

    @Override
    public void decompress(ByteBuffer input, int packedSize, ByteBuffer output, int size)
        throws IOException {
      byte[] packed = new byte[packedSize];
      input.get(packed);
      output.put(codec.unpack(packed, size));
    }

    @Override
    public void release() {
      // Nothing is kept between pages.
    }
  }
}
