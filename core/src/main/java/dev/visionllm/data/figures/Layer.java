package dev.visionllm.data.figures;

import dev.visionllm.data.figures.Drawing.Mark;
import dev.visionllm.data.figures.Drawing.Part;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.AffineTransform;
import java.awt.geom.Point2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;
import java.util.List;

/** A figure in pixels: how it looks, and which of its limbs is seen where. */
public final class Layer {
  private static final int MARGIN = 2; // pixels

  private final BufferedImage picture;
  private final int[] seen; // 1 + index of the part that covers the centre of a pixel, or 0
  private final Drawing drawing;
  private final List<Mark> marks;

  private Layer(BufferedImage picture, int[] seen, Drawing drawing, List<Mark> marks) {
    this.picture = picture;
    this.seen = seen;
    this.drawing = drawing;
    this.marks = marks;
  }

  static Layer of(Drawing drawing, double side) {
    Rectangle2D own = drawing.bounds();
    double scale = side / Math.max(own.getWidth(), own.getHeight());
    Rectangle2D all = own;
    for (Part p : drawing.parts()) all = all.createUnion(p.shape().getBounds2D());
    int width = (int) Math.ceil(all.getWidth() * scale) + 2 * MARGIN;
    int height = (int) Math.ceil(all.getHeight() * scale) + 2 * MARGIN;
    AffineTransform place = AffineTransform.getTranslateInstance(MARGIN, MARGIN);
    place.scale(scale, scale);
    place.translate(-all.getX(), -all.getY());

    BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_ARGB_PRE);
    Graphics2D g = picture.createGraphics();
    g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    g.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    BufferedImage map = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D ids = map.createGraphics();
    ids.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    g.transform(place);
    ids.transform(place);
    Brush brush = new Brush(drawing.style(), Math.max(own.getWidth(), own.getHeight()));
    for (int i = 0; i < drawing.parts().size(); i++) {
      Part part = drawing.parts().get(i);
      brush.paint(g, part, picture);
      ids.setColor(new Color(i + 1));
      ids.fill(part.shape());
      brush.outline(ids, part);
    }
    g.dispose();
    ids.dispose();
    int[] seen = ((DataBufferInt) map.getRaster().getDataBuffer()).getData();
    for (int i = 0; i < seen.length; i++) seen[i] &= 0xffffff;
    List<Mark> marks =
        drawing.marks().stream()
            .map(
                m -> {
                  Point2D at = place.transform(new Point2D.Double(m.x(), m.y()), null);
                  return new Mark(at.getX(), at.getY(), m.on());
                })
            .toList();
    return new Layer(picture, seen, drawing, marks);
  }

  /** Premultiplied ARGB. */
  public BufferedImage picture() {
    return picture;
  }

  public int width() {
    return picture.getWidth();
  }

  public int height() {
    return picture.getHeight();
  }

  /** What is drawn. */
  public Drawing drawing() {
    return drawing;
  }

  /** The keypoints in pixels. */
  public List<Mark> marks() {
    return marks;
  }

  /** Whether anything covers the centre of a pixel. */
  public boolean covers(int x, int y) {
    return seen[y * width() + x] > 0;
  }

  /** Whether the figure itself covers the centre of a pixel. */
  public boolean owns(int x, int y) {
    return covers(x, y) && !limb(x, y).equals(Drawing.BYSTANDER);
  }

  /** The limb that is seen at a pixel that is covered. */
  public String limb(int x, int y) {
    return drawing.parts().get(seen[y * width() + x] - 1).limb();
  }
}
