package org.treepo4j.tokenizer.regex;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegexTest {
  private static List<String> find(String pattern, String text) {
    List<String> found = new ArrayList<>();
    Regex.compile(pattern)
        .findAll(text, 0, text.length(), (start, end) -> found.add(text.substring(start, end)));
    return found;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '¦',
      quoteCharacter = '`',
      textBlock =
          """
          a+b*              ¦ xaabbab             ¦ aabb,ab
          (?:ab|a)c         ¦ abcac               ¦ abc,ac
          a|ab              ¦ ab                  ¦ a
          [a-c&&[^b]]       ¦ abc                 ¦ a,c
          [^a-c]            ¦ abcde               ¦ d,e
          [[:alpha:]]+      ¦ ab12                ¦ ab
          [\\]\\-x]         ¦ a]-x                ¦ ],-,x
          \\p{L}+           ¦ añ1日本語           ¦ añ,日本語
          \\p{^L}+          ¦ ab12cd              ¦ 12
          \\P{L}+           ¦ ab12cd              ¦ 12
          [^\\p{L}\\p{N}]+  ¦ a-1!?b              ¦ -,!?
          \\p{Lu}           ¦ aBCd                ¦ B,C
          \\p{Han}+         ¦ a日本b              ¦ 日本
          \\d{1,3}          ¦ 12345               ¦ 123,45
          \\d{2}            ¦ 12345               ¦ 12,34
          a{,2}b            ¦ aaab                ¦ aab
          a(?!b)            ¦ abac                ¦ a
          a(?=b).           ¦ abac                ¦ ab
          (?<=a)b           ¦ abcb                ¦ b
          (?<!a)b           ¦ abcb                ¦ b
          a+?               ¦ aaa                 ¦ a,a,a
          a+?b              ¦ aaab                ¦ aaab
          a++b              ¦ aaab                ¦ aaab
          (?>a|ab)c         ¦ abcac               ¦ ac
          (?i:the)x         ¦ THExTHEX            ¦ THEx
          (?i)ß|k           ¦ KẞK                 ¦ K,ẞ,K
          (?i:'s)           ¦ 'ſ'S                ¦ 'ſ,'S
          \\s+(?!\\S)       ¦ a  b                ¦ ` `
          ^b                ¦ a\\bb               ¦ ``
          .                 ¦ 🦙é                 ¦ 🦙,é
          \\x41\\u0042      ¦ AB                  ¦ AB
          \\x{1F999}        ¦ 🦙                  ¦ 🦙
          """)
  void findsAsOnigurumaDoes(String pattern, String text, String expected) {
    List<String> wanted = expected.isEmpty() ? List.of() : List.of(expected.split(",", -1));
    assertThat(find(pattern, text)).isEqualTo(wanted);
  }

  @ParameterizedTest
  @CsvSource({"x*,3", "(?:),3", "\\b,2", "^,1", "$,1", "(?:a?)*,1", "(?:a*)+,1"})
  void matchesOfNothingAreFoundOnceEach(String pattern, int count) {
    assertThat(find(pattern, "aa")).hasSize(count);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(a)\\1",
        "\\K",
        "\\G",
        "\\X",
        "(?<n>a)\\k<n>",
        "a**b(",
        "[a",
        "a{2,1}(",
        "(?<=a+)b",
        "\\p{Nope}",
        "*a",
        "(?z)a",
        "a\\",
        "(?(1)a|b)",
        "[b-a]",
        "\\g<1>"
      })
  void whatIsNotSupportedIsRefused(String pattern) {
    assertThatThrownBy(() -> Regex.compile(pattern)).isInstanceOf(PatternSyntaxException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"(a*)*b", "(a+)+$", "(a|aa)+b", "(?:a?){30}a{30}b", "(?=(a+)+b)a", "a+b"})
  void catastrophicPatternsEnd(String pattern) {
    try {
      find(pattern, "a".repeat(20_000));
    } catch (IllegalArgumentException e) {
      assertThat(e).hasMessageContaining("too many steps");
    }
  }

  /** On the ground that both dialects share, the JDK's engine is the reference. */
  @Property
  void findsWhatTheJdkFinds(@ForAll("patterns") String pattern, @ForAll("texts") String text) {
    List<String> expected = new ArrayList<>();
    int[] end = {-1};
    Pattern.compile(pattern)
        .matcher(text)
        .results()
        .filter(match -> match.end() > match.start() || match.start() != end[0])
        .forEach(
            match -> {
              expected.add(match.start() + "-" + match.end());
              end[0] = match.end();
            });
    List<String> found = new ArrayList<>();
    Regex.compile(pattern)
        .findAll(text, 0, text.length(), (from, to) -> found.add(from + "-" + to));
    assertThat(found).isEqualTo(expected);
  }

  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.strings().withChars('a', 'b', 'c', '1', ' ').ofMaxLength(14);
  }

  @Provide
  Arbitrary<String> patterns() {
    return pattern(3);
  }

  private static Arbitrary<String> pattern(int depth) {
    Arbitrary<String> atom =
        Arbitraries.of("a", "b", "c", "[ab]", "[^a]", "\\d", "\\s", ".", "\\b", "(?i:B)");
    if (depth == 0) {
      return atom;
    }
    Arbitrary<String> inner = pattern(depth - 1);
    Arbitrary<String> group = inner.map(p -> "(?:" + p + ")");
    Arbitrary<String> repeated =
        Combinators.combine(
                Arbitraries.oneOf(List.of(Arbitraries.of("a", "[ab]", "."), group)),
                Arbitraries.of("*", "+", "?", "*?", "+?", "??", "++", "{2}", "{1,2}"))
            .as((p, q) -> p + q);
    return Arbitraries.oneOf(
        List.of(
            atom,
            Combinators.combine(inner, inner).as((p, q) -> p + q),
            Combinators.combine(inner, inner).as((p, q) -> "(?:" + p + "|" + q + ")"),
            repeated,
            inner.map(p -> "(?=" + p + ")"),
            inner.map(p -> "(?!" + p + ")"),
            inner.map(p -> "(?>" + p + ")")));
  }
}
