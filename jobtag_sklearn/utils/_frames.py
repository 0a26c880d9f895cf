"""DataFrames one after the other become one."""

import pandas as pd


def joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Put rows of tables with the same columns below each other.

    Types that differ, as where one table has no value in a column, are found anew; pandas would
    leave out tables without values, and warns that it will not.
    """
    if len(frames) == 1:
        return frames[0]
    first = frames[0].dtypes
    differing = [
        name
        for position, name in enumerate(frames[0].columns)
        if any(frame.dtypes.iloc[position] != first.iloc[position] for frame in frames)
    ]
    if not differing:
        return pd.concat(frames)
    types = dict.fromkeys(differing, object)
    whole = pd.concat([frame.astype(types) for frame in frames])
    return whole.assign(**{name: whole[name].infer_objects() for name in differing})
