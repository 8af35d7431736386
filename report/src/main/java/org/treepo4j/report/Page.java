package org.treepo4j.report;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Puts the page together from its template, style sheets and scripts, which lie in the resources
 * beside this class, and uPlot from its WebJar. A content security policy with the hashes of
 * exactly these scripts lets the page run nothing else and reach no other host.
 */
final class Page {
  private static final List<String> STYLES =
      List.of("tokens", "layout", "controls", "curves", "tree", "detail", "compare");
  private static final List<String> SCRIPTS =
      List.of(
          "dom",
          "format",
          "data",
          "palette",
          "tree-model",
          "advantage",
          "tree-layout",
          "tree-view",
          "tokens",
          "formula",
          "detail",
          "trees",
          "chart",
          "curves",
          "compare",
          "overview",
          "settings",
          "help",
          "live",
          "main");
  private static final Pattern SLOT = Pattern.compile("\\{\\{([A-Z_]+)}}");
  private static final String UPLOT = "META-INF/resources/webjars/uplot/";

  private Page() {}

  /**
   * The whole page.
   *
   * @param title shown in the browser's tab; any text
   * @param data what {@link ReportData#embedded} made
   * @param live whether the page asks its server for newer data
   */
  static byte[] of(String title, byte[] data, boolean live) throws IOException {
    String style = uplot("dist/uPlot.min.css") + "\n" + joined("css/", STYLES, ".css");
    String chart = withoutBanner(uplot("dist/uPlot.iife.min.js"));
    String script = "(() => {\n\"use strict\";\n" + joined("js/", SCRIPTS, ".js") + "})();\n";
    Map<String, String> slots =
        Map.of(
            "TITLE",
            escaped(title),
            "POLICY",
            policy(style, chart, script, live),
            "LICENCE",
            uplot("LICENSE").replace("--", "- -"),
            "STYLE",
            style,
            "CHART_LIBRARY",
            chart,
            "SCRIPT",
            script,
            "MODE",
            live ? "live" : "file",
            "DATA",
            new String(data, StandardCharsets.UTF_8));
    return fill(resource("page.html"), slots).getBytes(StandardCharsets.UTF_8);
  }

  private static String policy(String style, String chart, String script, boolean live) {
    return "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src "
        + hash(style)
        + "; script-src "
        + hash(chart)
        + " "
        + hash(script)
        + "; connect-src "
        + (live ? "'self'" : "'none'");
  }

  private static String hash(String inline) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(inline.getBytes(StandardCharsets.UTF_8));
      return "'sha256-" + Base64.getEncoder().encodeToString(digest) + "'";
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static String fill(String template, Map<String, String> slots) {
    StringBuilder page = new StringBuilder();
    Matcher slot = SLOT.matcher(template);
    int end = 0;
    while (slot.find()) {
      page.append(template, end, slot.start()).append(slots.get(slot.group(1)));
      end = slot.end();
    }
    return page.append(template, end, template.length()).toString();
  }

  private static String joined(String folder, List<String> names, String ending)
      throws IOException {
    StringBuilder all = new StringBuilder();
    for (String name : names) {
      all.append(resource(folder + name + ending));
    }
    return all.toString();
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = Page.class.getResourceAsStream(name)) {
      return text(in, name);
    }
  }

  /** A file of the charting library, whatever version of it is on the class path. */
  private static String uplot(String name) throws IOException {
    ClassLoader loader = Page.class.getClassLoader();
    Properties properties = new Properties();
    String described = "META-INF/maven/org.webjars.npm/uplot/pom.properties";
    try (InputStream in = loader.getResourceAsStream(described)) {
      properties.load(new java.io.StringReader(text(in, described)));
    }
    String path = UPLOT + properties.getProperty("version") + "/" + name;
    try (InputStream in = loader.getResourceAsStream(path)) {
      return text(in, path);
    }
  }

  private static String text(InputStream in, String name) throws IOException {
    if (in == null) {
      throw new ReportException("the installation lacks a part of the report: " + name);
    }
    return new String(in.readAllBytes(), StandardCharsets.UTF_8).replace("\r\n", "\n");
  }

  /** The page names no other host, not even in a comment; the licence stands at its top. */
  private static String withoutBanner(String script) {
    return script.startsWith("/*!") ? script.substring(script.indexOf("*/") + 2) : script;
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
