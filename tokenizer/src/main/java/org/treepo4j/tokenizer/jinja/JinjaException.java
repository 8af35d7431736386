package org.treepo4j.tokenizer.jinja;

/** A template that cannot be read or rendered, or that raised an exception of its own. */
public final class JinjaException extends RuntimeException {
  JinjaException(String message) {
    super(message);
  }

  /** As Python would say it, with the kind of error in front. */
  static JinjaException of(String kind, String message) {
    return new JinjaException(kind + ": " + message);
  }

  static JinjaException type(String message) {
    return of("TypeError", message);
  }

  static JinjaException value(String message) {
    return of("ValueError", message);
  }

  static JinjaException undefined(String message) {
    return of("UndefinedError", message);
  }

  static JinjaException security(String message) {
    return of("SecurityError", message);
  }

  static JinjaException syntax(String message, int line) {
    return of("TemplateSyntaxError", message + " (line " + line + ")");
  }
}
