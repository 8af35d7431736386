package org.treepo4j.base.settings;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Explains a setting to users: the settings reference in {@code docs/} is made from these.
 *
 * <p>Settings are records whose components are numbers, booleans, strings, enums, lists of these or
 * further settings records, with a static {@code defaults()} and a validating constructor.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Setting {
  /** One sentence: meaning, unit, and the paper's or recipe's name where it differs. */
  String value();

  /** Whether users must give it; then {@code defaults()} holds null. */
  boolean required() default false;

  /**
   * Greatest value of a number that makes sense; larger ones end in no end or without memory. What
   * is least and how settings bound each other says the record's constructor.
   */
  double max() default Double.POSITIVE_INFINITY;

  /**
   * Whether a resumed run may be given another value than it began with, because the setting bounds
   * time or memory, says what is measured or written, or how long the run goes on.
   */
  boolean mayChange() default false;

  /**
   * Whether the settings of this record stand beside the others of the record it is in, without a
   * name of their own before them.
   */
  boolean inline() default false;
}
