/** The fixed order of gradient sums. */
package io.akkord.model.tree;
