"""Words of the trade in plain ones, to stand beside their first use on a page."""

MACRO_F1 = (
    "F1 of a label is high only where its precision and its recall both are. Macro-F1 is their mean over all"
    " labels, each counting alike, so that a rare label weighs as much as a common one."
)
HOLM = (
    "Who looks at several differences finds one by luck sooner: Holm's correction raises each p-value, so"
    " that all of them together are wrong at most once in twenty times."
)
MCNEMAR = (
    "Of the comments on which the two differ, how surprising so uneven a count would be, were each a toss of"
    " a coin (McNemar's exact test). Comments are taken one by one."
)
MATTHEWS = (
    "Balanced accuracy is the mean recall of the labels; Matthews correlation is 1 where all is right and 0"
    " where the answers know no more than chance."
)
