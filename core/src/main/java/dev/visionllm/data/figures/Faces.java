package dev.visionllm.data.figures;

import dev.visionllm.data.figures.Camera.Ball;
import dev.visionllm.data.figures.Camera.Disc;
import dev.visionllm.data.figures.Drawing.Mark;
import dev.visionllm.data.figures.Drawing.Part;
import dev.visionllm.data.figures.Drawing.Style;
import dev.visionllm.geometry.KeypointSets;
import java.awt.Shape;
import java.awt.geom.Area;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.Point2D;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** Draws faces, turned by up to about 40 degrees, with the 68 points of 300W. */
final class Faces {
  private static final String FACE = "face";
  private static final Look WHITE = Look.plain(0xf5f3ee);
  private static final Vec SKULL = new Vec(0, 0.5, -0.45);
  private static final Vec BEHIND = new Vec(0, 0, -0.9); // points face away from here

  private final RandomGenerator random;
  private final Camera camera;
  private final List<Vec> space;
  private final List<Point2D> points;
  private final Look skin;
  private final Look hair;
  private final List<Part> parts = new ArrayList<>();

  private Faces(RandomGenerator random) {
    this.random = random;
    double yaw = 0.7 * (2 * random.nextDouble() - 1);
    double pitch = 0.3 * (2 * random.nextDouble() - 1);
    double roll = 0.3 * (2 * random.nextDouble() - 1);
    camera = Camera.of(yaw, pitch, roll, 6 + 8 * random.nextDouble());
    space = FacePoints.random(random);
    points = space.stream().map(this::see).toList();
    skin = Wardrobe.skin(random);
    hair = Wardrobe.hair(random);
  }

  static Drawing draw(RandomGenerator random) {
    return new Faces(random).drawing();
  }

  private Point2D see(Vec at) {
    Disc d = disc(at, 0);
    return new Point2D.Double(d.x(), d.y());
  }

  private Disc disc(Vec at, double radius) {
    return camera.see(new Ball(at, radius));
  }

  private Drawing drawing() {
    boolean bald = random.nextInt(8) == 0;
    boolean beard = random.nextInt(5) == 0;
    if (!bald) add("hair", backHair(), hair);
    bust();
    for (int side = -1; side <= 1; side += 2) {
      add(
          FACE,
          Outline.hull(
              List.of(
                  disc(new Vec(0.98 * side, 0.15, -0.4), 0.2),
                  disc(new Vec(0.95 * side, -0.12, -0.38), 0.13))),
          skin.lit(0.93));
    }
    Shape outline = outline();
    add(FACE, outline, skin);
    if (beard) add(FACE, beard(outline), hair.lit(0.9));
    else cheeks();
    nose();
    eyes();
    mouth(beard);
    brows();
    if (!bald) add("hair", fringe(outline), hair);
    if (random.nextInt(5) == 0) glasses();
    List<Mark> marks = new ArrayList<>();
    for (int i = 0; i < points.size(); i++) {
      Vec away = camera.turn().apply(space.get(i).minus(BEHIND));
      marks.add(
          new Mark(
              points.get(i).getX(), points.get(i).getY(), away.z() > 0 ? Set.of(FACE) : Set.of()));
    }
    return new Drawing(Figures.FACE, KeypointSets.FACE_300W, Style.random(random), parts, marks);
  }

  /** Something large enough for an outline. */
  private void add(String limb, Shape shape, Look look) {
    parts.add(new Part(limb, shape, look, true));
  }

  private void detail(String limb, Shape shape, Look look) {
    // of a closed eye there is no iris
    if (!shape.getBounds2D().isEmpty()) parts.add(new Part(limb, shape, look, false));
  }

  /** Points of the face, in order. */
  private List<Point2D> line(int from, int count) {
    return IntStream.range(from, from + count).mapToObj(points::get).toList();
  }

  private Shape outline() {
    List<Disc> discs = new ArrayList<>();
    for (Vec v : space.subList(0, FacePoints.JAW)) discs.add(disc(v, 0.02));
    discs.add(disc(SKULL, 0.97));
    return Outline.hull(discs);
  }

  private Shape backHair() {
    List<Disc> discs = new ArrayList<>();
    discs.add(disc(SKULL.plus(new Vec(0, 0.15, -0.1)), 1.02 + 0.15 * random.nextDouble()));
    if (random.nextInt(3) == 0) {
      double low = -0.6 - 0.8 * random.nextDouble();
      for (int side = -1; side <= 1; side += 2)
        discs.add(disc(new Vec(0.8 * side, low, -0.6), 0.4));
    }
    return Outline.hull(discs);
  }

  /** Neck and shoulders; not of the face. */
  private void bust() {
    if (random.nextInt(4) == 0) return;
    add(
        Drawing.BYSTANDER,
        Outline.hull(
            List.of(
                disc(new Vec(-1.15, -2.35, -0.7), 0.45),
                disc(new Vec(1.15, -2.35, -0.7), 0.45),
                disc(new Vec(0, -1.95, -0.7), 0.45))),
        Look.plain(Look.cloth(random)));
    add(
        Drawing.BYSTANDER,
        Outline.hull(
            List.of(disc(new Vec(0, -0.6, -0.5), 0.5), disc(new Vec(0, -1.85, -0.55), 0.5))),
        skin.lit(0.85));
  }

  private void cheeks() {
    if (random.nextBoolean()) return;
    Look blush = Look.plain(Look.lit(Look.near(0xe88f86, random), 1));
    for (int side = -1; side <= 1; side += 2) {
      detail(FACE, Outline.hull(List.of(disc(new Vec(0.55 * side, -0.25, 0.4), 0.13))), blush);
    }
  }

  private void nose() {
    Look shadow = skin.lit(0.8);
    List<Point2D> sides = new ArrayList<>(line(FacePoints.BRIDGE, 1));
    sides.addAll(line(FacePoints.NOSTRILS, 5));
    detail(FACE, Outline.curve(sides, true), skin.lit(0.9));
    detail(FACE, Outline.stroke(line(FacePoints.NOSTRILS, 5), 0.05), shadow);
    detail(FACE, Outline.stroke(line(FacePoints.BRIDGE, 4), 0.05), skin.lit(1.12));
  }

  private void eyes() {
    Look iris = Look.plain(Look.lit(Look.cloth(random), 0.6));
    Look lid = Look.plain(0x2a1d18);
    for (int from : new int[] {FacePoints.RIGHT_EYE, FacePoints.LEFT_EYE}) {
      Path2D eye = Outline.curve(line(from, 6), true);
      detail(FACE, eye, WHITE);
      Vec middle = space.get(from).mid(space.get(from + 3));
      detail(FACE, within(eye, circle(middle, 0.105)), iris);
      detail(FACE, within(eye, circle(middle, 0.05)), lid);
      detail(FACE, Outline.stroke(line(from, 4), 0.035), lid);
    }
  }

  private Shape circle(Vec at, double radius) {
    Disc d = disc(at, radius);
    return new Ellipse2D.Double(
        d.x() - d.radius(), d.y() - d.radius(), 2 * d.radius(), 2 * d.radius());
  }

  private static Shape within(Shape outer, Shape inner) {
    Area area = new Area(inner);
    area.intersect(new Area(outer));
    return area;
  }

  private void mouth(boolean beard) {
    Look lips =
        beard || random.nextBoolean() ? skin.lit(0.75) : Look.plain(Look.near(0xb8393f, random));
    detail(FACE, Outline.curve(line(FacePoints.LIPS, 12), true), lips);
    Path2D inner = Outline.curve(line(FacePoints.INNER_LIPS, 8), true);
    detail(FACE, inner, Look.plain(random.nextBoolean() ? 0x4a1618 : 0xf3efe8));
  }

  private void brows() {
    double width = 0.05 + 0.08 * random.nextDouble();
    for (int from : new int[] {FacePoints.RIGHT_BROW, FacePoints.LEFT_BROW}) {
      detail(FACE, Outline.stroke(line(from, 5), width), hair.lit(0.75));
    }
  }

  private Shape beard(Shape outline) {
    Area area = new Area(Outline.hull(List.of(disc(new Vec(0, -1.15, 0.1), 0.85))));
    area.intersect(new Area(outline));
    return area;
  }

  /** Hair over the forehead. */
  private Shape fringe(Shape outline) {
    double low = 0.95 + 0.35 * random.nextDouble();
    double side = 0.5 * (2 * random.nextDouble() - 1);
    Area area =
        new Area(
            Outline.hull(
                List.of(
                    disc(new Vec(side, low + 0.55, 0.1), 0.55),
                    disc(new Vec(-1, low, -0.3), 0.35),
                    disc(new Vec(1, low, -0.3), 0.35),
                    disc(new Vec(0, low + 0.9, -0.4), 0.8))));
    area.intersect(new Area(outline));
    return area;
  }

  /** A circle as the face is bent. */
  private Shape lens(Vec at, double radius) {
    return Outline.polygon(
        IntStream.range(0, 24)
            .mapToObj(
                i -> {
                  double x = at.x() + radius * Math.cos(i * Math.PI / 12);
                  double y = at.y() + radius * Math.sin(i * Math.PI / 12);
                  return see(new Vec(x, y, at.z() - 0.4 * x * x));
                })
            .toList());
  }

  private void glasses() {
    boolean dark = random.nextBoolean();
    Look frame = Look.plain(Look.lit(Look.cloth(random), 0.4));
    for (int side = -1; side <= 1; side += 2) {
      Vec at = new Vec(0.43 * side, FacePoints.EYE_HEIGHT, 0.6);
      Shape lens = lens(at, 0.31);
      if (dark) {
        add("glasses", lens, frame);
      } else {
        Area rim = new Area(lens);
        rim.subtract(new Area(lens(at, 0.26)));
        add("glasses", rim, frame);
      }
    }
    add(
        "glasses",
        Outline.stroke(
            List.of(
                see(new Vec(-0.14, FacePoints.EYE_HEIGHT, 0.66)),
                see(new Vec(0.14, FacePoints.EYE_HEIGHT, 0.66))),
            0.06),
        frame);
  }
}
