package dev.visionllm.data.figures;

import dev.visionllm.data.figures.Camera.Ball;
import dev.visionllm.data.figures.Camera.Disc;
import dev.visionllm.data.figures.Drawing.Mark;
import dev.visionllm.data.figures.Drawing.Part;
import dev.visionllm.data.figures.Drawing.Style;
import dev.visionllm.geometry.KeypointSet;
import java.awt.geom.Point2D;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A figure in space, made of the hulls of balls: seen from anywhere a hull of balls is a hull of
 * discs. What is nearer covers what is farther, hull by hull.
 */
final class Sculpture {
  private static final double LEAST_EDGED = 0.02; // radius of what is too small for an outline

  private record Solid(String limb, Look look, double nearer, List<Ball> balls) {}

  private record Place(Vec at, Set<String> on) {}

  private final List<Solid> solids = new ArrayList<>();
  private final Map<String, Place> places = new HashMap<>();

  void add(String limb, Look look, Ball... balls) {
    add(limb, look, 0, balls);
  }

  /**
   * @param nearer how much nearer to the viewer it counts than it is, so that what sits on a
   *     surface covers it
   */
  void add(String limb, Look look, double nearer, Ball... balls) {
    solids.add(new Solid(limb, look, nearer, List.of(balls)));
  }

  static Ball ball(Vec at, double radius) {
    return new Ball(at, radius);
  }

  /**
   * Places a keypoint.
   *
   * @param on limbs at which it is seen
   */
  void mark(String point, Vec at, String... on) {
    places.put(point, new Place(at, Set.of(on)));
  }

  Drawing seen(Camera camera, Style style, String category, KeypointSet set) {
    List<Solid> ordered = new ArrayList<>(solids);
    ordered.sort(Comparator.comparingDouble((Solid s) -> -depth(camera, s)));
    List<Part> parts = new ArrayList<>();
    for (Solid s : ordered) {
      List<Disc> discs = s.balls().stream().map(camera::see).toList();
      parts.add(
          new Part(
              s.limb(),
              Outline.hull(discs),
              s.look(),
              centre(discs.get(0)),
              centre(discs.get(discs.size() - 1)),
              s.balls().stream().anyMatch(b -> b.radius() > LEAST_EDGED)));
    }
    List<Mark> marks = new ArrayList<>();
    for (String point : set.points()) {
      Place p = places.get(point);
      if (p == null) throw new IllegalStateException(category + " has no place for its " + point);
      Disc d = camera.see(new Ball(p.at(), 0));
      marks.add(new Mark(d.x(), d.y(), p.on()));
    }
    return new Drawing(category, set, style, parts, marks);
  }

  private static double depth(Camera camera, Solid s) {
    double sum = 0;
    for (Ball b : s.balls()) sum += camera.depth(b.at());
    return sum / s.balls().size() - s.nearer();
  }

  private static Point2D centre(Disc d) {
    return new Point2D.Double(d.x(), d.y());
  }
}
