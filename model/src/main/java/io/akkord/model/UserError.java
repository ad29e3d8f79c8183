package io.akkord.model;

/**
 * Something the user can mend: bad input, a missing file, a setting that cannot be. The message
 * names the file, line or key, what was found, what is allowed and what to do; it is printed as it
 * is, without a stack trace.
 */
public final class UserError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An error whose message says all. */
  public UserError(String message) {
    super(message);
  }

  /** An error with the failure that showed it. */
  public UserError(String message, Throwable cause) {
    super(message, cause);
  }
}
