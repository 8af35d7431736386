package org.treepo4j.report.comparison;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * Curves as SVG: every series has thin lines, one a run, and their mean as a thick one.
 *
 * @param title above the curves
 * @param xLabel below the horizontal axis
 * @param yLabel left of the vertical axis
 * @param series at most as many as there are colours
 */
record LineChart(String title, String xLabel, String yLabel, List<Series> series) {
  private static final int WIDTH = 760;
  private static final int HEIGHT = 420;
  private static final int LEFT = 70;
  private static final int RIGHT = 20;
  private static final int TOP = 40;
  private static final int BOTTOM = 50;
  private static final int CHARACTER = 7;
  private static final int TICKS = 6;
  private static final int MEAN_POINTS = 60;

  /** Told apart by colour-blind people, too (Okabe and Ito). */
  private static final List<String> COLOURS =
      List.of("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000");

  record Point(double x, double y) {}

  /** Runs of one name; the points of each are ordered by x. */
  record Series(String name, List<List<Point>> lines) {

    /** The mean of the lines, where all of them are. */
    List<Point> mean() {
      double from = 0;
      double to = Double.POSITIVE_INFINITY;
      for (List<Point> line : lines) {
        if (line.isEmpty()) {
          return List.of();
        }
        from = Math.max(from, line.get(0).x());
        to = Math.min(to, line.get(line.size() - 1).x());
      }
      if (lines.isEmpty() || to <= from) {
        return List.of();
      }
      Point[] mean = new Point[MEAN_POINTS + 1];
      for (int i = 0; i <= MEAN_POINTS; i++) {
        double x = from + (to - from) * i / MEAN_POINTS;
        mean[i] = new Point(x, lines.stream().mapToDouble(l -> at(l, x)).average().getAsDouble());
      }
      return List.of(mean);
    }

    private static double at(List<Point> line, double x) {
      for (int i = 1; i < line.size(); i++) {
        Point left = line.get(i - 1);
        Point right = line.get(i);
        if (x <= right.x()) {
          double width = right.x() - left.x();
          double share = width == 0 ? 1 : Math.max(0, (x - left.x()) / width);
          return left.y() + share * (right.y() - left.y());
        }
      }
      return line.get(line.size() - 1).y();
    }
  }

  LineChart {
    if (series.size() > COLOURS.size()) {
      throw new IllegalArgumentException(
          "series must be at most " + COLOURS.size() + ", were " + series.size());
    }
  }

  String svg() {
    Axis x = Axis.of(series, Point::x, LEFT, WIDTH - RIGHT);
    Axis y = Axis.of(series, Point::y, HEIGHT - BOTTOM, TOP);
    StringBuilder svg = new StringBuilder();
    svg.append(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n"
            .formatted(WIDTH, HEIGHT, WIDTH, HEIGHT));
    svg.append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
    text(svg, WIDTH / 2.0, 20, "middle", title);
    text(svg, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 10, "middle", xLabel);
    svg.append(
        "<g transform=\"translate(16 %d) rotate(-90)\">".formatted((TOP + HEIGHT - BOTTOM) / 2));
    text(svg, 0, 0, "middle", yLabel);
    svg.append("</g>\n");
    for (double value : x.ticks()) {
      line(svg, x.at(value), TOP, x.at(value), HEIGHT - BOTTOM);
      text(svg, x.at(value), HEIGHT - BOTTOM + 16, "middle", number(value));
    }
    for (double value : y.ticks()) {
      line(svg, LEFT, y.at(value), WIDTH - RIGHT, y.at(value));
      text(svg, LEFT - 6, y.at(value) + 4, "end", number(value));
    }
    int longest = series.stream().mapToInt(one -> one.name().length()).max().orElse(0);
    int legend = WIDTH - RIGHT - 34 - CHARACTER * longest;
    for (int i = 0; i < series.size(); i++) {
      for (List<Point> run : series.get(i).lines()) {
        polyline(svg, run, x, y, COLOURS.get(i), 1, 0.35);
      }
      polyline(svg, series.get(i).mean(), x, y, COLOURS.get(i), 2.5, 1);
      double below = HEIGHT - BOTTOM - 14.0 - 18 * (series.size() - 1 - i);
      svg.append(
          String.format(
              Locale.ROOT,
              "<rect x=\"%d\" y=\"%.0f\" width=\"18\" height=\"4\" fill=\"%s\"/>\n",
              legend,
              below - 6,
              COLOURS.get(i)));
      text(svg, legend + 24, below, "start", series.get(i).name());
    }
    return svg.append("</svg>\n").toString();
  }

  private static void polyline(
      StringBuilder svg,
      List<Point> points,
      Axis x,
      Axis y,
      String colour,
      double width,
      double opacity) {
    if (points.isEmpty()) {
      return;
    }
    svg.append(
        String.format(
            Locale.ROOT,
            "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\" stroke-opacity=\"%.2f\""
                + " points=\"",
            colour,
            width,
            opacity));
    for (Point point : points) {
      svg.append(String.format(Locale.ROOT, "%.1f,%.1f ", x.at(point.x()), y.at(point.y())));
    }
    svg.append("\"/>\n");
  }

  private static void line(StringBuilder svg, double x1, double y1, double x2, double y2) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n",
            x1,
            y1,
            x2,
            y2));
  }

  private static void text(StringBuilder svg, double x, double y, String anchor, String text) {
    String escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    svg.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n",
            x,
            y,
            anchor,
            escaped));
  }

  private static String number(double value) {
    if (Math.abs(value) >= 1e6) {
      return number(value / 1e6) + " M";
    }
    if (Math.abs(value) >= 1e4) {
      return number(value / 1e3) + " k";
    }
    return new BigDecimal(value).round(new MathContext(4)).stripTrailingZeros().toPlainString();
  }

  /** Values to places on the paper. */
  private record Axis(double low, double high, double tick, double from, double to) {

    static Axis of(List<Series> series, ToDoubleFunction<Point> value, double from, double to) {
      double low = Double.POSITIVE_INFINITY;
      double high = Double.NEGATIVE_INFINITY;
      for (Series one : series) {
        for (List<Point> line : one.lines()) {
          for (Point point : line) {
            low = Math.min(low, value.applyAsDouble(point));
            high = Math.max(high, value.applyAsDouble(point));
          }
        }
      }
      if (low > high) {
        low = 0;
        high = 1;
      }
      double range = high > low ? high - low : Math.max(1e-3, Math.abs(high));
      double rough = range / TICKS;
      double power = Math.pow(10, Math.floor(Math.log10(rough)));
      double tick = rough / power > 5 ? 10 * power : rough / power > 2 ? 5 * power : 2 * power;
      return new Axis(
          tick * Math.floor(low / tick), tick * Math.ceil((low + range) / tick), tick, from, to);
    }

    double at(double value) {
      return from + (value - low) / (high - low) * (to - from);
    }

    double[] ticks() {
      int count = (int) Math.round((high - low) / tick);
      double[] ticks = new double[count + 1];
      for (int i = 0; i <= count; i++) {
        ticks[i] = low + i * tick;
      }
      return ticks;
    }
  }
}
