"""Check a certificate from the data alone, in integers, with nothing but Python's standard library.

    python -m geomnn.checker REPORT --data DATA.CSV

re-derives every statement of REPORT/certificate.json: the network is rebuilt from the names of its neurons,
its residual v and both objectives are computed anew, and every atom of the dictionary is formed and compared
with reg.  The same holds for proof.json and optimal_set.json beside it, and for what `Descent.save` writes: `proofs`,
`optima` and `descents` say what they prove.
None of the code that solved the problem is used: this folder can be read and run on its own.

What is proved, for squared loss and scalar outputs: for every network f whose neurons are atoms

    (T)(f) ≥ v·y − ½ v·v   if   |Σ_i v_i (x̃_i·u)_+| ≤ reg for every atom u, and Σ_i v_i = 0 with a bias,

and the network of the certificate reaches that value.  The dictionary of all atoms, p = 1 and ∞, holds a
maximiser over all unit neurons, so there the bound is one on every network of any width.

Source: geomnn theory, sections 0, 1 and 8.
"""
