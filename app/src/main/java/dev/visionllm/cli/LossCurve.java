package dev.visionllm.cli;

import dev.visionllm.image.ImageFiles;
import dev.visionllm.train.Metrics;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws a run's losses over its steps. */
final class LossCurve {
  private static final int POINTS = 500;

  private LossCurve() {}

  /** Writes a PNG: each loss and their sum, means over neighbouring steps, logarithmic. */
  static void write(List<Metrics.Line> lines, Path file) throws IOException {
    XYChart chart =
        new XYChartBuilder().width(900).height(540).xAxisTitle("step").yAxisTitle("loss").build();
    chart
        .getStyler()
        .setDefaultSeriesRenderStyle(org.knowm.xchart.XYSeries.XYSeriesRenderStyle.Line);
    chart.getStyler().setLegendPosition(Styler.LegendPosition.InsideNE);
    Set<String> parts = new TreeSet<>();
    lines.forEach(l -> parts.addAll(l.step().parts().keySet()));
    boolean positive = add(chart, lines, "loss", null);
    if (parts.size() > 1) {
      for (String part : parts) {
        positive &= add(chart, lines, part, part);
      }
    }
    chart.getStyler().setYAxisLogarithmic(positive);
    BufferedImage picture = BitmapEncoder.getBufferedImage(chart);
    ImageFiles.writePng(picture, file);
  }

  /** Adds a curve; returns whether all of it is positive. */
  private static boolean add(XYChart chart, List<Metrics.Line> lines, String name, String part) {
    int window = Math.max(1, (lines.size() + POINTS - 1) / POINTS);
    int n = (lines.size() + window - 1) / window;
    double[] x = new double[n];
    double[] y = new double[n];
    boolean positive = true;
    for (int i = 0; i < n; i++) {
      List<Metrics.Line> some = lines.subList(i * window, Math.min(lines.size(), (i + 1) * window));
      x[i] = some.get(some.size() - 1).step().number();
      y[i] =
          some.stream()
              .mapToDouble(
                  l -> part == null ? l.step().loss() : l.step().parts().getOrDefault(part, 0.0))
              .average()
              .orElseThrow();
      positive &= y[i] > 0;
    }
    chart.addSeries(name, x, y).setMarker(SeriesMarkers.NONE);
    return positive;
  }
}
