package io.akkord.model.data;

/**
 * How rows become token ids.
 *
 * @param maxLength tokens of prompt and completion together
 * @param tooLong what happens to a longer sample
 * @param appendEos whether a text completion gets the EOS token
 */
public record TokenizeOptions(int maxLength, TooLong tooLong, boolean appendEos) {
  /** What happens to a sample longer than the limit. */
  public enum TooLong {
    /** The run does not start. */
    ERROR,
    /** The sample is left out, and counted. */
    DROP,
    /** The end of the completion is cut off, and counted; EOS is cut off with it. */
    TRUNCATE
  }
}
