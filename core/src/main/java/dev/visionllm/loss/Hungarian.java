package dev.visionllm.loss;

import java.util.Arrays;

/**
 * The linear assignment problem: pair rows with columns at the least total cost. Shortest
 * augmenting paths (Jonker and Volgenant 1987, in the rectangular form of Crouse 2016), O(n^3).
 * Where several assignments cost the same the choice is that of SciPy's linear_sum_assignment.
 */
public final class Hungarian {
  private final double[][] cost; // rows <= columns
  private final int columns;
  private final double[] u; // duals of rows
  private final double[] v; // duals of columns
  private final int[] columnOf;
  private final int[] rowOf;
  private final double[] shortest;
  private final int[] path;
  private final boolean[] rowSeen;
  private final boolean[] columnSeen;

  private Hungarian(double[][] cost) {
    this.cost = cost;
    int rows = cost.length;
    columns = cost[0].length;
    u = new double[rows];
    v = new double[columns];
    columnOf = filled(rows);
    rowOf = filled(columns);
    shortest = new double[columns];
    path = filled(columns);
    rowSeen = new boolean[rows];
    columnSeen = new boolean[columns];
  }

  /**
   * Assigns min(rows, columns) pairs.
   *
   * @param cost one array per row, all of one length; finite, or +infinity for a forbidden pair
   * @return the column of each row, -1 for a row left over
   * @throws IllegalArgumentException if a cost is NaN or -infinity, rows differ in length, or no
   *     assignment avoids the forbidden pairs
   */
  public static int[] assign(double[][] cost) {
    int rows = cost.length;
    int columns = rows == 0 ? 0 : cost[0].length;
    check(cost, columns);
    if (rows == 0 || columns == 0) {
      return filled(rows);
    }
    if (rows <= columns) {
      return new Hungarian(cost).solve().columnOf;
    }
    double[][] turned = new double[columns][rows];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        turned[j][i] = cost[i][j];
      }
    }
    return new Hungarian(turned).solve().rowOf;
  }

  private Hungarian solve() {
    for (int row = 0; row < cost.length; row++) {
      int sink = augment(row);
      while (true) { // flip the path from the sink back to row
        int i = path[sink];
        rowOf[sink] = i;
        int next = columnOf[i];
        columnOf[i] = sink;
        if (i == row) {
          break;
        }
        sink = next;
      }
    }
    return this;
  }

  /** Finds the cheapest path from a free row to a free column and updates the duals. */
  private int augment(int row) {
    int[] remaining = new int[columns];
    for (int k = 0; k < columns; k++) {
      remaining[k] = columns - k - 1; // backwards, so that equal costs give the identity
    }
    int left = columns;
    Arrays.fill(rowSeen, false);
    Arrays.fill(columnSeen, false);
    Arrays.fill(shortest, Double.POSITIVE_INFINITY);
    double reached = 0;
    int sink = -1;
    for (int i = row; sink < 0; ) {
      rowSeen[i] = true;
      int best = -1;
      double lowest = Double.POSITIVE_INFINITY;
      for (int k = 0; k < left; k++) {
        int j = remaining[k];
        double r = reached + cost[i][j] - u[i] - v[j];
        if (r < shortest[j]) {
          path[j] = i;
          shortest[j] = r;
        }
        if (shortest[j] < lowest || (shortest[j] == lowest && rowOf[j] < 0)) {
          lowest = shortest[j];
          best = k;
        }
      }
      if (lowest == Double.POSITIVE_INFINITY) {
        throw new IllegalArgumentException("the cost matrix forbids every assignment");
      }
      reached = lowest;
      int j = remaining[best];
      columnSeen[j] = true;
      remaining[best] = remaining[--left];
      if (rowOf[j] < 0) {
        sink = j;
      } else {
        i = rowOf[j];
      }
    }
    for (int i = 0; i < rowSeen.length; i++) {
      if (rowSeen[i]) {
        u[i] += i == row ? reached : reached - shortest[columnOf[i]];
      }
    }
    for (int j = 0; j < columns; j++) {
      if (columnSeen[j]) {
        v[j] -= reached - shortest[j];
      }
    }
    return sink;
  }

  private static void check(double[][] cost, int columns) {
    for (int i = 0; i < cost.length; i++) {
      if (cost[i].length != columns) {
        throw new IllegalArgumentException(
            "row " + i + " of the cost matrix has " + cost[i].length + " columns, not " + columns);
      }
      for (int j = 0; j < columns; j++) {
        if (Double.isNaN(cost[i][j]) || cost[i][j] == Double.NEGATIVE_INFINITY) {
          throw new IllegalArgumentException(
              "cost of row "
                  + i
                  + " and column "
                  + j
                  + " is "
                  + cost[i][j]
                  + ": the predictions are not finite any more, lower the learning rate");
        }
      }
    }
  }

  private static int[] filled(int n) {
    int[] a = new int[n];
    Arrays.fill(a, -1);
    return a;
  }
}
