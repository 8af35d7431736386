package org.treepo4j.tokenizer.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JinjaTemplateTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2024-07-06T15:04:05Z"), ZoneOffset.UTC);

  private static String render(String template) {
    return render(template, Map.of());
  }

  private static String render(String template, Map<String, ?> variables) {
    return JinjaTemplate.parse(template).render(variables, RenderLimits.DEFAULT, CLOCK);
  }

  /** Texts, and kinds of errors, that Jinja2 3.1.6 gives with the settings of transformers. */
  @Test
  void saysWhatJinja2Says() throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    try (BufferedReader cases =
        new BufferedReader(
            new InputStreamReader(
                JinjaTemplateTest.class.getResourceAsStream("language-cases.jsonl"),
                StandardCharsets.UTF_8))) {
      for (String line = cases.readLine(); line != null; line = cases.readLine()) {
        JsonNode example = mapper.readTree(line);
        String template = example.get("template").textValue();
        if (example.has("text")) {
          assertThat(render(template)).as(template).isEqualTo(example.get("text").textValue());
        } else {
          assertThatThrownBy(() -> render(template))
              .as(template)
              .isInstanceOf(JinjaException.class);
        }
      }
    }
  }

  @Test
  void valuesOfTheCallerAreWholeAndOther() {
    Map<String, Object> variables = Map.of("i", 3, "d", 3.0f, "l", List.of(1, Map.of("k", 2L)));
    assertThat(render("{{ i }} {{ d }} {{ l }}", variables)).isEqualTo("3 3.0 [1, {'k': 2}]");
    assertThatThrownBy(() -> render("", Map.of("x", new Object())))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** Templates that would run for ever, fill the memory, overflow the stack or reach for Java. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(x='xxxxxxxx') %}{% for a in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{{ 'x' * 999999999999 }}",
        "{{ [1] * 999999999999 }}",
        "{{ 9 ** (9 ** 9) }}",
        "{{ 'x'.center(99999999999) }}",
        "{{ ('a' * 1000000).replace('a', 'b' * 1000000) }}",
        "{{ 'x'|indent(99999999999) }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for x in [[]] recursive %}{{ loop([[]]) }}{% endfor %}",
        "{{ [].__class__.__mro__ }}",
        "{{ ''.getClass().forName('java.lang.Runtime') }}",
        "{{ messages.getClass() }}",
        "{% include '/etc/passwd' %}",
        "{{ [].append(1) }}",
        "{{ '%9999999999d' % 1 }}",
        "{{ range(999999)|join('x' * 100000) }}",
        "{{ (['a' * 100000] * 10000)|join }}",
        "{{ ('a' * 100000)|replace('a', 'b' * 100000) }}",
        "{{ range(10 ** 9)|list|length }}",
        "{{ range(10 ** 9)|sum }}",
        "{{ 'x'.ljust(10 ** 10) }}",
        "{{ 'x'.zfill(10 ** 10) }}",
        "{% set ns = namespace(l=[1]) %}{% for a in range(99) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
        "{% macro a(n) %}{{ a(n + 1) ~ a(n + 1) }}{% endmacro %}{{ a(0) }}",
        "{{ {'a': 1}|tojson(indent=10 ** 9) }}",
        "{{ 2 ** (2 ** 40) }}",
        "{{ 99 ** 99999999 }}",
        "{% for a in range(10 ** 18) %}{% endfor %}",
        "{% set x = 'x' * 1000000 %}{% for a in range(99) %}{{ x }}{% endfor %}",
        "{% set x %}{% for a in range(9999999) %}xxxxxxxx{% endfor %}{% endset %}",
        "{% set x = 'a' * 1000000 %}{% for a in range(99999) %}{% set y = x|upper %}{% endfor %}",
        "{% set x = 'a' * 1000000 %}{% for a in range(99999) %}{% if 'ab' in x %}{% endif %}{% endfor %}",
      })
  void hostileTemplatesAreRefused(String template) {
    RenderLimits limits = new RenderLimits(2_000_000, 4 << 20, Duration.ofSeconds(5));
    assertThatThrownBy(
            () ->
                JinjaTemplate.parse(template).render(Map.of("messages", List.of()), limits, CLOCK))
        .isInstanceOf(JinjaException.class)
        .message()
        .doesNotContain("\n")
        .hasSizeLessThan(500);
  }

  @Test
  void jsonIsIndentedByAsMuchAsAsked() {
    assertThat(render("{{ [1]|tojson(indent=120) }}")).isEqualTo("[\n" + " ".repeat(120) + "1\n]");
    assertThat(render("{{ [1]|tojson(indent=-1) }}")).isEqualTo("[\n1\n]");
  }

  @Test
  void deeplyNestedTemplatesAreRefused() {
    assertThatThrownBy(() -> render("{{ " + "(".repeat(100_000) + " }}"))
        .isInstanceOf(JinjaException.class);
    assertThatThrownBy(() -> render("{{ 1" + "+1".repeat(100_000) + " }}"))
        .isInstanceOf(JinjaException.class);
    assertThatThrownBy(() -> render("{% if 1 %}".repeat(100_000)))
        .isInstanceOf(JinjaException.class);
    assertThatThrownBy(() -> render("{{ x" + ".a".repeat(100_000) + " }}"))
        .isInstanceOf(JinjaException.class);
    assertThatThrownBy(() -> render("{{ " + "not ".repeat(100_000) + "1 }}"))
        .isInstanceOf(JinjaException.class);
  }
}
