package org.treepo4j.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.NullNode;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/** Numbers as short JSON: rounded to what a reader can see, without trailing zeros. */
final class Numbers {
  private Numbers() {}

  /** Rounded to significant digits. */
  static JsonNode rounded(double value, MathContext digits) {
    return shortest(BigDecimal.valueOf(value).round(digits));
  }

  /** Rounded to decimal places; null where the value is not finite. */
  static JsonNode rounded(double value, int places) {
    if (!Double.isFinite(value)) {
      return NullNode.getInstance();
    }
    return shortest(BigDecimal.valueOf(value).setScale(places, RoundingMode.HALF_EVEN));
  }

  private static JsonNode shortest(BigDecimal value) {
    BigDecimal stripped = value.stripTrailingZeros();
    if (stripped.signum() == 0) {
      return IntNode.valueOf(0);
    }
    boolean plain = stripped.scale() < 0 && stripped.precision() - stripped.scale() < 20;
    return DecimalNode.valueOf(plain ? stripped.setScale(0) : stripped);
  }
}
