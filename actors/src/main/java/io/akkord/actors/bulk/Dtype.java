package io.akkord.actors.bulk;

import java.util.Arrays;
import java.util.Optional;

/** What the numbers of a block are, little endian. The codes are part of the lane's protocol. */
public enum Dtype {
  /** No numbers: bytes of a file. */
  BYTES(0, 1),
  FLOAT32(1, 4),
  FLOAT64(2, 8),
  BFLOAT16(3, 2);

  private final int code;
  private final int bytes;

  Dtype(int code, int bytes) {
    this.code = code;
    this.bytes = bytes;
  }

  /** What it is on the wire. */
  public int code() {
    return code;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /** The one of a code; empty if there is none. */
  public static Optional<Dtype> of(int code) {
    return Arrays.stream(values()).filter(dtype -> dtype.code == code).findFirst();
  }
}
