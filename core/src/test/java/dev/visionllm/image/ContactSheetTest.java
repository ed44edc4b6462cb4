package dev.visionllm.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.util.List;
import org.junit.jupiter.api.Test;

class ContactSheetTest {
  private static final int WHITE = 0xffffff;

  private static ContactSheet.Cell cell(int width, int height, String text) {
    byte[] red = new byte[3 * width * height];
    for (int i = 0; i < red.length; i += 3) {
      red[i] = (byte) 0xff;
    }
    return new ContactSheet.Cell(new Raster(width, height, red), "a title", text);
  }

  private static BufferedImage sheet(ContactSheet.Cell... cells) {
    return ContactSheet.draw(List.of(cells), 2).toBufferedImage();
  }

  private static int at(BufferedImage sheet, int x, int y) {
    return sheet.getRGB(x, y) & WHITE;
  }

  @Test
  void picturesStandInRows() {
    BufferedImage sheet = sheet(cell(40, 30, ""), cell(20, 60, ""), cell(40, 30, ""));
    assertThat(sheet.getWidth()).isEqualTo(3 * 16 + 2 * 40);
    assertThat(at(sheet, 16, 16)).isEqualTo(0xff0000);
    assertThat(at(sheet, 2 * 16 + 40, 16 + 59)).isEqualTo(0xff0000); // the second, as tall as it is
    assertThat(at(sheet, 2 * 16 + 40 + 20, 16)).isEqualTo(WHITE);
    int below = sheet.getHeight() - 16 - 40;
    assertThat(at(sheet, 16, below)).isEqualTo(0xff0000); // the third, in the second row
    assertThat(at(sheet, 2 * 16 + 40, below)).isEqualTo(WHITE);
  }

  @Test
  void longWordsTakeMoreLines() {
    int one = sheet(cell(80, 30, "short")).getHeight();
    int many = sheet(cell(80, 30, "words that are too many for one line of the sheet")).getHeight();
    assertThat(many).isGreaterThan(one + 30);
    assertThat(sheet(cell(80, 30, "")).getHeight()).isLessThan(one);
  }
}
