package org.treepo4j.grading;

import java.util.ArrayList;
import java.util.List;

/** Arithmetic on matrices of expressions. */
final class Matrices {
  private Matrices() {}

  static Answer.Matrix scaled(Expression factor, Answer.Matrix matrix) {
    List<List<Expression>> rows = new ArrayList<>();
    for (List<Expression> row : matrix.rows()) {
      List<Expression> scaled = new ArrayList<>();
      row.forEach(cell -> scaled.add(new Expression.Product(List.of(factor, cell))));
      rows.add(scaled);
    }
    return new Answer.Matrix(rows);
  }

  static Answer.Matrix sum(Answer.Matrix a, Answer.Matrix b, boolean minus, Budget budget) {
    if (a.rows().size() != b.rows().size() || a.rows().get(0).size() != b.rows().get(0).size()) {
      throw new NotUnderstoodException("sum of matrices of different shape");
    }
    List<List<Expression>> rows = new ArrayList<>();
    for (int i = 0; i < a.rows().size(); i++) {
      List<Expression> row = new ArrayList<>();
      for (int j = 0; j < a.rows().get(i).size(); j++) {
        budget.spend(1);
        Expression left = a.rows().get(i).get(j);
        Expression right = b.rows().get(i).get(j);
        row.add(
            minus ? Expression.difference(left, right) : new Expression.Sum(List.of(left, right)));
      }
      rows.add(row);
    }
    return new Answer.Matrix(rows);
  }

  static Answer.Matrix product(Answer.Matrix a, Answer.Matrix b, Budget budget) {
    int inner = b.rows().size();
    if (a.rows().get(0).size() != inner) {
      throw new NotUnderstoodException("product of matrices of unfit shapes");
    }
    List<List<Expression>> rows = new ArrayList<>();
    for (List<Expression> left : a.rows()) {
      List<Expression> row = new ArrayList<>();
      for (int j = 0; j < b.rows().get(0).size(); j++) {
        List<Expression> terms = new ArrayList<>();
        for (int k = 0; k < inner; k++) {
          budget.spend(1);
          terms.add(new Expression.Product(List.of(left.get(k), b.rows().get(k).get(j))));
        }
        row.add(new Expression.Sum(terms));
      }
      rows.add(row);
    }
    return new Answer.Matrix(rows);
  }
}
