package dev.visionllm.image;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.font.FontRenderContext;
import java.awt.font.LineBreakMeasurer;
import java.awt.font.TextAttribute;
import java.awt.font.TextLayout;
import java.awt.image.BufferedImage;
import java.text.AttributedString;
import java.util.ArrayList;
import java.util.List;

/** Several pictures on one sheet, row by row, with words below each. */
public final class ContactSheet {
  private static final int GAP = 16; // pixels around a cell
  private static final int SIZE = 13; // of letters
  private static final Font PLAIN = new Font(Font.SANS_SERIF, Font.PLAIN, SIZE);
  private static final Font BOLD = new Font(Font.SANS_SERIF, Font.BOLD, SIZE);
  private static final FontRenderContext METRICS = new FontRenderContext(null, true, true);

  private ContactSheet() {}

  /**
   * A picture and its words.
   *
   * @param title bold, below the picture
   * @param text below the title; may be empty
   */
  public record Cell(Raster picture, String title, String text) {}

  /**
   * Draws the sheet; pictures keep their size.
   *
   * @param cells at least one
   * @param columns at least one
   */
  public static Raster draw(List<Cell> cells, int columns) {
    int width = cells.stream().mapToInt(c -> c.picture.width()).max().orElseThrow();
    List<List<TextLayout>> words = cells.stream().map(c -> words(c, width)).toList();
    List<Integer> tops = new ArrayList<>(List.of(GAP));
    for (int from = 0; from < cells.size(); from += columns) {
      int tallest = 0;
      for (int i = from; i < Math.min(cells.size(), from + columns); i++) {
        tallest = Math.max(tallest, cells.get(i).picture.height() + height(words.get(i)));
      }
      tops.add(tops.get(tops.size() - 1) + tallest + GAP);
    }
    int across = Math.min(columns, cells.size()) * (width + GAP) + GAP;
    BufferedImage sheet =
        new BufferedImage(across, tops.get(tops.size() - 1), BufferedImage.TYPE_INT_RGB);
    Graphics2D g = sheet.createGraphics();
    g.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    g.setColor(Color.WHITE);
    g.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
    g.setColor(Color.BLACK);
    for (int i = 0; i < cells.size(); i++) {
      int left = GAP + i % columns * (width + GAP);
      int top = tops.get(i / columns);
      Raster picture = cells.get(i).picture;
      g.drawImage(picture.toBufferedImage(), left, top, null);
      float y = top + picture.height();
      for (TextLayout line : words.get(i)) {
        line.draw(g, left, y + line.getAscent());
        y += height(line);
      }
    }
    g.dispose();
    return Raster.of(sheet);
  }

  private static List<TextLayout> words(Cell cell, int width) {
    List<TextLayout> lines = new ArrayList<>(lines(cell.title, BOLD, width));
    lines.addAll(lines(cell.text, PLAIN, width));
    return lines;
  }

  private static List<TextLayout> lines(String text, Font font, int width) {
    List<TextLayout> lines = new ArrayList<>();
    if (!text.isEmpty()) {
      AttributedString styled = new AttributedString(text);
      styled.addAttribute(TextAttribute.FONT, font);
      LineBreakMeasurer measurer = new LineBreakMeasurer(styled.getIterator(), METRICS);
      while (measurer.getPosition() < text.length()) {
        lines.add(measurer.nextLayout(width));
      }
    }
    return lines;
  }

  private static int height(List<TextLayout> lines) {
    return (int) Math.ceil(lines.stream().mapToDouble(ContactSheet::height).sum());
  }

  private static float height(TextLayout line) {
    return line.getAscent() + line.getDescent() + line.getLeading();
  }
}
