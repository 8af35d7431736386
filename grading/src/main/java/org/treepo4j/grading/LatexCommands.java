package org.treepo4j.grading;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** What LaTeX commands and Unicode characters stand for. */
final class LatexCommands {
  /** Commands and characters that are one operator, or nothing at all ("" is white space). */
  private static final Map<String, String> OPERATORS = new HashMap<>();

  private static final Set<String> FUNCTIONS =
      Set.of(
          "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh",
          "tanh", "ln", "log", "lg", "exp");

  private static final Set<String> WITH_ARGUMENTS =
      Set.of(
          "frac", "sqrt", "binom", "begin", "end", "lfloor", "rfloor", "lceil", "rceil", "choose",
          "over");

  private static final Set<String> TEXTS =
      Set.of(
          "text", "textbf", "textit", "textrm", "textnormal", "texttt", "textsf", "mbox", "hbox");

  private static final Set<String> FONTS =
      Set.of(
          "mathrm",
          "mathbf",
          "mathit",
          "mathsf",
          "mathcal",
          "mathfrak",
          "mathtt",
          "boldsymbol",
          "operatorname",
          "bm",
          "rm",
          "bf",
          "it",
          "boxed",
          "fbox",
          "ensuremath",
          "displaystyle");

  /** Relations and signs of logic: what stands on both sides of them does not change places. */
  private static final Set<String> OPAQUE =
      Set.of(
          "to",
          "rightarrow",
          "leftarrow",
          "Rightarrow",
          "Leftarrow",
          "leftrightarrow",
          "Leftrightarrow",
          "longrightarrow",
          "Longrightarrow",
          "implies",
          "iff",
          "mapsto",
          "parallel",
          "perp",
          "subset",
          "subseteq",
          "subsetneq",
          "supset",
          "supseteq",
          "notin",
          "ni",
          "forall",
          "exists",
          "neg",
          "lnot",
          "sim",
          "propto",
          "otimes",
          "oplus",
          "bmod",
          "mod",
          "ll",
          "gg",
          "prec",
          "succ",
          "models",
          "vdash",
          "nmid");

  private static final Map<String, String> UNICODE = new HashMap<>();

  static {
    define("*", "cdot", "times", "ast");
    define("/", "div");
    define("±", "pm");
    define("∓", "mp");
    define("=", "equiv");
    define("<", "lt");
    define(">", "gt");
    define("≤", "le", "leq", "leqslant", "leqq");
    define("≥", "ge", "geq", "geqslant", "geqq");
    define("≠", "ne", "neq");
    define("≈", "approx", "simeq", "cong");
    define("∈", "in");
    define("∪", "cup", "bigcup");
    define("∩", "cap");
    define("∖", "setminus", "backslash");
    define("°", "circ", "degree", "degrees");
    define("%", "%");
    define("⦃", "{", "lbrace");
    define("⦄", "}", "rbrace");
    define("⟨", "langle");
    define("⟩", "rangle");
    define("|", "lvert", "rvert", "vert", "mid");
    define("'", "prime");
    define("(", "lparen");
    define(")", "rparen");
    define("[", "lbrack");
    define("]", "rbrack");
    define(":", "colon");
    define("…", "ldots", "cdots", "dots", "dotsc");
    define("∅", "emptyset", "varnothing");
    define("∧", "land", "wedge");
    define("∨", "lor", "vee");
    define("&", "&");
    define("", ",", ";", ":", "!", " ", ">", "quad", "qquad", "thinspace", "enspace", "left");
    define("", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl");
    define("", "biggr", "limits", "hspace", "vspace", "phantom", "nonumber", "hfill");
    define("", "textstyle", "scriptstyle", "middle", "hline", "newline");
    unicode("−–—‐‑﹣－", "-");
    unicode("×·⋅∗•✕", "*");
    unicode("÷∕⁄", "/");
    unicode("≤⩽≦", "≤");
    unicode("≥⩾≧", "≥");
    unicode("≃≅∼", "≈");
    unicode("º˚", "°");
    unicode("{", "{");
    unicode("（", "(");
    unicode("）", ")");
    unicode("，、", ",");
    unicode("：", ":");
    unicode("；", ";");
    unicode("＝", "=");
    unicode("％", "%");
    unicode("′’", "'");
    unicode("≠≈∈∪∩∖∧∨°±∓⟨⟩∅…", null);
  }

  private LatexCommands() {}

  private static void define(String operator, String... commands) {
    for (String command : commands) {
      OPERATORS.put(command, operator);
    }
  }

  private static void unicode(String characters, String operator) {
    for (char c : characters.toCharArray()) {
      UNICODE.put(String.valueOf(c), operator == null ? String.valueOf(c) : operator);
    }
  }

  /** The operator a command stands for, "" for white space, or null. */
  static String operator(String command) {
    return OPAQUE.contains(command) ? "\\" + command : OPERATORS.get(command);
  }

  /** The sign of a currency by its command, or null. */
  static String currency(String command) {
    return switch (command) {
      case "$", "textdollar" -> "$";
      case "pounds", "textsterling" -> "£";
      case "euro", "texteuro" -> "€";
      default -> null;
    };
  }

  /** The operator a Unicode character stands for, "" for nothing, or null. */
  static String unicode(char c) {
    return UNICODE.get(String.valueOf(c));
  }

  static boolean isFunction(String name) {
    return FUNCTIONS.contains(name);
  }

  static boolean hasArguments(String command) {
    return WITH_ARGUMENTS.contains(command);
  }

  /** Commands whose argument is words. */
  static boolean isText(String command) {
    return TEXTS.contains(command);
  }

  /** Commands that change how their argument looks and not what it means. */
  static boolean isFont(String command) {
    return FONTS.contains(command);
  }
}
